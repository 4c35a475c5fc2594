// libxsmm: machine code for small products, generated when an operation is prepared.
#include "backends/xsmm/xsmm.h"

#include <libxsmm.h>

#include <algorithm>

#include "whygpu/host_device.h"

namespace whygpu {

namespace xsmm {

std::string version() { return "libxsmm " LIBXSMM_VERSION; }

std::string target() { return libxsmm_get_target_arch(); }

std::string running_with(int threads) {
  return version() + ", " + target() + " JIT, threads=" + std::to_string(threads);
}

}  // namespace xsmm

namespace {

class Xsmm final : public Backend {
 public:
  explicit Xsmm(const Settings& settings) : team_(std::max(1, settings.threads)) { libxsmm_init(); }
  std::string version() const override { return xsmm::version(); }
  Facts facts() const override {
    return {{"dispatch", xsmm::target()},
            {"threading", "whygpu's threads, over products of a batch and blocks of a product"},
            {"threads", std::to_string(team_.count())}};
  }
  Device& device() override { return device_; }

  Support supports(const Op& op, const PrepareOptions&) const override {
    return std::visit([](const auto& shape) { return xsmm::supports(shape); }, op);
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) return xsmm::prepare(*gemm, team_);
    return xsmm::prepare(std::get<Convolution>(op), options.layout, team_.count());
  }

 private:
  ThreadTeam team_;
  HostDevice device_{&team_};
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("xsmm", whygpu::Xsmm)
