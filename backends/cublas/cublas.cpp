// NVIDIA's cuBLASLt: matrix products, and convolutions as im2col + GEMM.
#include "backends/cublas/convolution.h"

namespace whygpu {
namespace {

Choice choice_of(const PrepareOptions& options) {
  if (options.variant != "best") return Choice::heuristic;
  return options.cold ? Choice::best_cold : Choice::best;
}

class Cublas final : public Backend {
 public:
  explicit Cublas(const Settings& settings) : device_(settings.device), context_(device_) {}

  std::string version() const override { return cublas_version(); }
  Facts facts() const override { return {{"workspace", std::to_string(context_.workspace.bytes() >> 20) + " MiB"}}; }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op&) const override { return {"heuristic", "best"}; }

  Support supports(const Op& op, const PrepareOptions&) const override {
    return std::visit([&](const auto& shape) { return cublas_supports(context_, shape); }, op);
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) {
      return prepare_cublas_gemm(context_, *gemm, choice_of(options), options.layout);
    }
    return prepare_cublas_convolution(context_, std::get<Convolution>(op), choice_of(options), options.layout);
  }

 private:
  CudaDevice device_;
  mutable MatmulContext context_;  // queries for algorithms change no visible state
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cublas", whygpu::Cublas)
