// The limits of the processor: threads and vector units in plain loops over memory and over registers.
#include "backends/host/host.h"

#include <algorithm>

#include "backends/host/stream_kernels.h"
#include "whygpu/host_device.h"

namespace whygpu {
namespace {

// Long enough to cover the gap between two operations, short enough to free the core soon.
constexpr int kSpins = 20'000;

class Host final : public Backend, public Probes {
 public:
  explicit Host(const Settings& settings)
      : team_(std::max(1, settings.threads), {.pin = true, .spins = kSpins}), cache_bytes_(device_.cache_bytes()) {}
  using Backend::variants;

  std::string version() const override { return "whygpu loops"; }
  Facts facts() const override {
    return {{"threads", std::to_string(team_.count())}, {"isa", std::string(host::stream_loops<float>().isa)}};
  }
  Device& device() override { return device_; }

  Support supports(const Op&, const PrepareOptions&) const override {
    return Support::no("the host backend has probes of memory and arithmetic only");
  }
  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    throw std::runtime_error(supports(op, options).reason);
  }
  Probes* probes() override { return this; }

  std::vector<std::string> variants(const Probe& probe) const override {
    if (const auto* stream = std::get_if<Stream>(&probe)) return host::variants(*stream, cache_bytes_);
    if (const auto* peak = std::get_if<Peak>(&probe)) return host::variants(*peak);
    return {};
  }

  Support supports(const Probe& probe, std::string_view variant) const override {
    if (const auto* stream = std::get_if<Stream>(&probe)) return host::supports(*stream, variant);
    if (const auto* peak = std::get_if<Peak>(&probe)) return host::supports(*peak, variant);
    if (std::holds_alternative<Transfer>(probe)) return Support::no("the CPU accesses host memory directly");
    return {};
  }

  std::unique_ptr<Operation> prepare(const Probe& probe, std::string_view variant) override {
    if (const auto* stream = std::get_if<Stream>(&probe)) return host::prepare(*stream, variant, cache_bytes_, team_);
    if (const auto* peak = std::get_if<Peak>(&probe)) return host::prepare(*peak, variant, team_);
    if (const auto* clock = std::get_if<CycleChain>(&probe)) return host::prepare(*clock, team_);
    return host::prepare(std::get<Launch>(probe), team_);
  }

 private:
  HostDevice device_;
  ThreadTeam team_;
  std::size_t cache_bytes_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("host", whygpu::Host)
