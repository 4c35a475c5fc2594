#include "backends/cublas/cublas.h"

namespace whygpu {
namespace {

Choice choice_of(const PrepareOptions& options) {
  if (options.variant != "best") return Choice::heuristic;
  return options.cold ? Choice::best_cold : Choice::best;
}

class Cublas final : public Backend {
 public:
  explicit Cublas(const Settings& settings) : device_(settings.device), context_(device_) {}

  std::string version() const override {
    const std::size_t version = cublasLtGetVersion();  // 130100 is 13.1.0
    return "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100);
  }
  Facts facts() const override { return {{"workspace", std::to_string(context_.workspace.bytes() >> 20) + " MiB"}}; }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op&) const override { return {"heuristic", "best"}; }

  Support supports(const Op& op, const PrepareOptions&) const override {
    return std::visit([&](const auto& shape) { return cublas_supports(context_, shape); }, op);
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) {
      return prepare_cublas_gemm(context_, *gemm, choice_of(options));
    }
    return prepare_cublas_convolution(context_, std::get<Convolution>(op), choice_of(options));
  }

 private:
  CudaDevice device_;
  mutable MatmulContext context_;  // queries for algorithms change no visible state
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cublas", whygpu::Cublas)
