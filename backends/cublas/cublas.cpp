#include "backends/cublas/cublas.h"

#include "backends/devices/cuda_borrowed.h"

namespace whygpu {
namespace {

Choice choice_of(std::string_view variant) { return variant == "best" ? Choice::best : Choice::heuristic; }

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

  std::vector<std::string> variants(const Op& op) const override {
    if (!std::holds_alternative<Gemm>(op) && !std::holds_alternative<Convolution>(op)) return {};
    return {"heuristic", "best"};
  }

  Support supports(const Op& op, std::string_view) const override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) return cublas_supports(context_, *gemm);
    if (const auto* conv = std::get_if<Convolution>(&op)) return cublas_supports(context_, *conv);
    return is_cuda_borrowed(op) ? Support{} : Support::no("cuBLASLt multiplies matrices only");
  }

  std::unique_ptr<Operation> prepare(const Op& op, std::string_view variant) override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) return prepare_cublas_gemm(context_, *gemm, choice_of(variant));
    if (is_cuda_borrowed(op)) return prepare_cuda_borrowed(op, device_);
    return prepare_cublas_convolution(context_, std::get<Convolution>(op), choice_of(variant));
  }

 private:
  CudaDevice device_;
  mutable MatmulContext context_;  // asking it for algorithms changes nothing that a caller sees
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cublas", whygpu::Cublas)
