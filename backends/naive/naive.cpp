// The plain loops that everybody writes first, on one thread: the floor of every comparison. It is not the oracle.
#include "backends/naive/naive.h"

#include "backends/devices/host.h"
#include "backends/devices/host_borrowed.h"

namespace whygpu {
namespace {

// One thread of plain loops does about a GFLOP/s; larger operations would fill a sweep with waiting.
constexpr double kLargestOperation = 0.3e9;

double flops(const Gemm& g) { return 2.0 * g.m * g.n * g.k * g.batch; }
double flops(const Convolution& c) { return 2.0 * c.n * c.k * c.p() * c.q() * (c.c / c.groups) * c.r * c.s; }

class Naive final : public Backend {
 public:
  explicit Naive(const Settings&) {}
  std::string version() const override { return "plain C++ loops"; }
  Facts facts() const override { return {{"threads", "1"}}; }
  Device& device() override { return device_; }

  Support supports(const Op& op, std::string_view) const override {
    if (is_borrowed(op)) return {};
    if (const auto* gemm = std::get_if<Gemm>(&op)) return within_budget(*gemm);
    if (const auto* convolution = std::get_if<Convolution>(&op)) return within_budget(*convolution);
    if (const auto* stream = std::get_if<Stream>(&op)) return naive::supports(*stream);
    return Support::no("the naive backend has no such operation");
  }

  std::unique_ptr<Operation> prepare(const Op& op, std::string_view) override {
    if (is_borrowed(op)) return prepare_borrowed(op, threads_);
    if (const auto* gemm = std::get_if<Gemm>(&op)) return naive::prepare(*gemm);
    if (const auto* stream = std::get_if<Stream>(&op)) return naive::prepare(*stream);
    return naive::prepare(std::get<Convolution>(op));
  }

 private:
  template <class Shape>
  static Support within_budget(const Shape& shape) {
    if (flops(shape) <= kLargestOperation) return naive::supports(shape);
    return Support::no("above the naive backend's budget of 0.3 GFLOP an operation: it is one thread of plain loops");
  }

  HostDevice device_;
  ThreadTeam threads_{1};
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("naive", whygpu::Naive)
