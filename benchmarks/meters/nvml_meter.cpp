#include "benchmarks/meters/nvml_meter.h"

#include "benchmarks/meters/nvml.h"
#include "benchmarks/meters/sampled_meter.h"

namespace whygpu {
namespace {

constexpr char kSource[] = "nvml";
constexpr char kEnergy[] = "nvmlDeviceGetTotalEnergyConsumption";  // millijoules since the driver was loaded
constexpr char kPower[] = "nvmlDeviceGetPowerUsage";               // milliwatts

class NvmlEnergyMeter final : public Meter {
 public:
  NvmlEnergyMeter(std::shared_ptr<Nvml> nvml, Nvml::Device device, std::string name)
      : nvml_(std::move(nvml)), device_(device), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  MeterScope scope() const override { return MeterScope::device; }
  std::string how() const override { return "the board's energy counter, changes every 20 to 100 ms"; }
  double resolution_seconds() const override { return 0.1; }
  double joules() override {
    const auto millijoules = nvml_->query<unsigned long long>(kEnergy, device_);
    if (!millijoules) throw MeterError(name_ + ": the energy counter no longer answers");
    return 1e-3 * static_cast<double>(*millijoules);
  }

 private:
  std::shared_ptr<Nvml> nvml_;
  Nvml::Device device_;
  std::string name_;
};

MeterOffer offer(const std::shared_ptr<Nvml>& nvml, unsigned index) {
  const Nvml::Device device = nvml->device(index);
  const std::string name = "nvml GPU " + std::to_string(index) + " (" + nvml->device_name(device) + ")";
  if (nvml->query<unsigned long long>(kEnergy, device)) {
    return {kSource, std::make_unique<NvmlEnergyMeter>(nvml, device, name), {}};
  }
  if (nvml->query<unsigned>(kPower, device)) {
    const auto watts = [nvml, device, name] {
      const auto milliwatts = nvml->query<unsigned>(kPower, device);
      if (!milliwatts) throw MeterError(name + ": the power reading no longer answers");
      return 1e-3 * *milliwatts;
    };
    const std::string averaging =
        "no energy counter on this GPU; its power reading is averaged by the board, over a second on Ampere and later "
        "but "
        "the A100, else over some tens of milliseconds";
    return {kSource, std::make_unique<SampledMeter>(name, MeterScope::device, averaging, watts), {}};
  }
  return {kSource, nullptr, name + " reports neither energy nor power"};
}

}  // namespace

std::vector<MeterOffer> find_nvml_meters(const std::string& library) {
  std::vector<MeterOffer> offers;
  try {
    const auto nvml = std::make_shared<Nvml>(library);
    for (unsigned index = 0; index < nvml->device_count(); ++index) offers.push_back(offer(nvml, index));
    if (offers.empty()) offers.push_back({kSource, nullptr, "the driver sees no GPU"});
  } catch (const NvmlError& error) {
    offers.push_back({kSource, nullptr, error.what()});
  }
  return offers;
}

}  // namespace whygpu
