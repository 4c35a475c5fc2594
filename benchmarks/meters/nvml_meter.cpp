#include "benchmarks/meters/sources.h"

#include "backends/devices/nvml.h"
#include "benchmarks/meters/counter.h"
#include "benchmarks/meters/sampled_meter.h"

namespace whygpu {
namespace {

constexpr char kNvmlSource[] = "nvml";
constexpr char kAveraging[] =
    "no energy counter on this GPU; the board averages its power reading, over a second on Ampere and later except "
    "the A100, otherwise over some tens of milliseconds";

class NvmlEnergyMeter final : public Meter {
 public:
  NvmlEnergyMeter(NvmlDevice gpu, std::string name) : gpu_(std::move(gpu)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  MeterScope scope() const override { return MeterScope::device; }
  std::string how() const override { return "energy counter of the board, updated every 20 to 100 ms"; }
  std::string pci_bus_id() const override { return gpu_.pci_bus_id(); }
  double resolution_seconds() const override { return 0.1; }
  double joules() override {
    const auto joules = gpu_.energy_joules();
    if (!joules) throw MeterError(name_ + ": the energy counter can no longer be read");
    return counter_.update(*joules, name_);
  }

 private:
  NvmlDevice gpu_;
  std::string name_;
  MonotonicCounter counter_;
};

MeterOffer offer(const NvmlDevice& gpu) {
  const std::string name = "nvml " + gpu.pci_bus_id() + " (" + gpu.name() + ")";
  if (gpu.energy_joules()) return {kNvmlSource, std::make_unique<NvmlEnergyMeter>(gpu, name), {}};
  if (!gpu.power_watts()) return {kNvmlSource, nullptr, name + " reports neither energy nor power"};
  const auto watts = [gpu, name] {
    const auto watts = gpu.power_watts();
    if (!watts) throw MeterError(name + ": the power can no longer be read");
    return *watts;
  };
  return {kNvmlSource,
          std::make_unique<SampledMeter>(name, MeterScope::device, kAveraging, 1.0, watts, gpu.pci_bus_id()),
          {}};
}

}  // namespace

std::vector<MeterOffer> find_nvml_meters(const std::string& library) {
  std::vector<MeterOffer> offers;
  try {
    for (const auto& gpu : NvmlDevice::all(library)) offers.push_back(offer(gpu));
    if (offers.empty()) offers.push_back({kNvmlSource, nullptr, "the driver sees no GPU"});
  } catch (const NvmlError& error) {
    offers.push_back({kNvmlSource, nullptr, error.what()});
  }
  return offers;
}

}  // namespace whygpu
