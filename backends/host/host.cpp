// What the processor itself can do at most: threads and vector units on plain loops over memory and over registers.
#include "backends/host/host.h"

#include <algorithm>

#include "backends/devices/host.h"
#include "backends/host/stream_kernels.h"

namespace whygpu {
namespace {

class Host final : public Backend {
 public:
  explicit Host(const Settings& settings) : team_(std::max(1, settings.threads)), cache_bytes_(device_.cache_bytes()) {}

  std::string version() const override { return "whygpu's own loops"; }
  Facts facts() const override {
    return {{"threads", std::to_string(team_.size())}, {"isa", std::string(host::stream_isa())}};
  }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op& op) const override {
    if (const auto* stream = std::get_if<Stream>(&op)) return host::variants(*stream, cache_bytes_);
    if (const auto* peak = std::get_if<Peak>(&op)) return host::variants(*peak);
    return {};
  }

  Support supports(const Op& op, std::string_view variant) const override {
    if (const auto* stream = std::get_if<Stream>(&op)) return host::supports(*stream, variant);
    if (const auto* peak = std::get_if<Peak>(&op)) return host::supports(*peak, variant);
    if (std::holds_alternative<CycleChain>(op) || std::holds_alternative<Launch>(op)) return {};
    if (std::holds_alternative<Transfer>(op)) return Support::no("the processor reads host memory where it is");
    return Support::no("the host backend measures memory and arithmetic, it is no library");
  }

  std::unique_ptr<Operation> prepare(const Op& op, std::string_view variant) override {
    if (const auto* stream = std::get_if<Stream>(&op)) return host::prepare(*stream, variant, cache_bytes_, team_);
    if (const auto* peak = std::get_if<Peak>(&op)) return host::prepare(*peak, variant, team_);
    if (const auto* clock = std::get_if<CycleChain>(&op)) return host::prepare(*clock, team_);
    return host::prepare(std::get<Launch>(op), team_);
  }

 private:
  HostDevice device_;
  host::Team team_;
  std::size_t cache_bytes_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("host", whygpu::Host)
