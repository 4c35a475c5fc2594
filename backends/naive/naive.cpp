// The plain loops that everyone writes first, on one thread: the baseline of every comparison. Not the oracle.
#include "backends/naive/naive.h"

#include "backends/devices/stream_probes.h"
#include "whygpu/host_device.h"

namespace whygpu {
namespace {

// One thread of plain loops computes about 1 GFLOP/s; larger operations would dominate the time of a sweep.
constexpr double kMaxFlops = 0.3e9;

class Naive final : public Backend {
 public:
  explicit Naive(const Settings&) {}
  std::string version() const override { return "plain C++ loops"; }
  Facts facts() const override { return {{"threads", "1"}}; }
  Device& device() override { return device_; }

  Support supports(const Op& op, const PrepareOptions&) const override {
    return std::visit([](const auto& shape) { return within_budget(shape); }, op);
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions&) override {
    return std::visit([](const auto& shape) { return naive::prepare(shape); }, op);
  }

  Probes* probes() override { return &probes_; }

 private:
  template <class Shape>
  static Support within_budget(const Shape& shape) {
    if (shape.flops() <= kMaxFlops) return naive::supports(shape);
    return Support::no("skipped: above the naive backend's limit of 0.3 GFLOP per operation");
  }

  HostDevice device_;
  StreamProbes probes_{"the naive backend", naive::supports, naive::prepare};
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("naive", whygpu::Naive)
