// A GEMM backend with the fault that its variant names. All other results are correct.
#include <csignal>
#include <cstdlib>
#include <limits>
#include <thread>

#include "backends/dtypes.h"
#include "whygpu/host_device.h"

namespace whygpu {
namespace {

void multiply(const Gemm& g, const float* a, const float* b, float* c) {
  for (std::int64_t i = 0; i < g.m; ++i) {
    for (std::int64_t j = 0; j < g.n; ++j) {
      float sum = 0;
      for (std::int64_t p = 0; p < g.k; ++p) {
        sum += a[g.transpose_a ? p * g.m + i : i * g.k + p] * b[g.transpose_b ? j * g.k + p : p * g.n + j];
      }
      c[i * g.n + j] = sum;
    }
  }
}

class FaultyGemm final : public HostOperation {
 public:
  FaultyGemm(const Gemm& gemm, std::string_view variant)
      : HostOperation(gemm.arguments()), gemm_(gemm), variant_(variant) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    auto* c = host_data<float>(tensors[2]);
    const std::int64_t size = gemm_.m * gemm_.n;
    if (variant_ == "silent") return;
    if (variant_ == "abort") std::abort();
    if (variant_ == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (variant_ == "sleep") std::this_thread::sleep_for(std::chrono::hours(24));
    static std::string damage;
    if (variant_.starts_with("damage")) damage = variant_;
    if (variant_ == "right" && damage == "damage") std::raise(SIGSEGV);
    if (variant_ == "right" && damage == "damage_exit") std::_Exit(1);  // as libraries do on damage that they notice
    if (variant_ == "late_abort" && ++runs_ > 3) std::abort();
    multiply(gemm_, host_data<float>(tensors[0]), host_data<float>(tensors[1]), c);
    if (variant_ == "off_by_one") std::swap(c[size / 2], c[size / 2 + 1]);  // correct values at the wrong index
    if (variant_ == "nan") c[size - 1] = std::numeric_limits<float>::quiet_NaN();
    if (variant_ == "rounded") {
      for (std::int64_t i = 0; i < size; ++i) c[i] = static_cast<float>(BFloat16(c[i]));
    }
  }

  std::string implementation() const override { return "plain loops with a fault: " + variant_; }

 private:
  Gemm gemm_;
  std::string variant_;
  int runs_ = 0;
};

class Faulty final : public Backend {
 public:
  explicit Faulty(const Settings&) {}
  std::string version() const override { return "faulty"; }
  Facts facts() const override { return {}; }
  Device& device() override { return device_; }
  std::vector<std::string> variants(const Op&) const override {
    return {"right",      "silent", "off_by_one",  "rounded", "nan",  "abort",
            "late_abort", "damage", "damage_exit", "sleep",   "slow", "throw"};
  }
  Support supports(const Op& op, const PrepareOptions&) const override {
    const auto* gemm = std::get_if<Gemm>(&op);
    if (gemm == nullptr || gemm->dtype != DType::f32 || gemm->batch != 1)
      return Support::no("f32 GEMM without batch only");
    return {};
  }
  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    if (options.variant == "throw") throw std::runtime_error("the planner gave up");
    return std::make_unique<FaultyGemm>(std::get<Gemm>(op), options.variant);
  }

 private:
  HostDevice device_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("faulty", whygpu::Faulty)
