// NVIDIA's cuDNN: convolution, through its graph interface.
#include "backends/cudnn/convolution.h"

namespace whygpu {
namespace {

class Cudnn final : public Backend {
 public:
  explicit Cudnn(const Settings& settings) : device_(settings.device), context_{device_} {
    cudnn_check(cudnnCreate(&context_.handle), "starting cuDNN");
    cudnn_check(cudnnSetStream(context_.handle, device_.stream()), "starting cuDNN");
  }
  ~Cudnn() override { cudnnDestroy(context_.handle); }

  std::string version() const override {
    const std::size_t version = cudnnGetVersion();  // 91900 is 9.19.0
    return "cuDNN " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
           std::to_string(version % 100);
  }
  Facts facts() const override {
    const std::size_t runtime = cudnnGetCudartVersion();  // 13000 is 13.0
    return {{"built_for_cuda", std::to_string(runtime / 1000) + "." + std::to_string(runtime % 1000 / 10)}};
  }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op& op) const override {
    if (!std::holds_alternative<Convolution>(op)) return {};
    return {"heuristic", "best"};
  }

  Support supports(const Op& op, const PrepareOptions&) const override {
    const auto* conv = std::get_if<Convolution>(&op);
    if (conv == nullptr) return Support::no("the cudnn backend has convolution only; cublas has GEMM");
    try {
      if (!ConvolutionGraph(context_.handle, *conv).propose(conv->dtype, 1).empty()) return {};
    } catch (const std::exception& error) {
      return Support::no(error.what());
    }
    return Support::no("cuDNN proposes no engine that computes this in " + std::string(dtype_name(conv->dtype)));
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    return prepare_cudnn_convolution(context_, std::get<Convolution>(op), options.variant == "best", options.cold);
  }

 private:
  CudaDevice device_;
  CudnnContext context_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cudnn", whygpu::Cudnn)
