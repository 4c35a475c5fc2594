// NVIDIA's cuDNN: convolution, through its graph interface. In networks, cuBLASLt computes the matrix products.
#include "backends/cublas/products.h"
#include "backends/cudnn/convolution.h"
#include "backends/cudnn/products.h"

namespace whygpu {
namespace {

// A product of a network.
class Product final : public Operation {
 public:
  explicit Product(std::unique_ptr<Operation> product) : product_(std::move(product)) {}

  std::unique_ptr<Tensor> allocate(int index) override { return product_->allocate(index); }
  void enqueue(std::span<Tensor* const> tensors) override { product_->enqueue(tensors); }
  std::string implementation() const override { return "product not by cuDNN: " + product_->implementation(); }

 private:
  std::unique_ptr<Operation> product_;
};

class Cudnn final : public Backend {
 public:
  explicit Cudnn(const Settings& settings)
      : device_(settings.device), products_(open_cublas(device_)), context_{device_} {
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
    return {{"built_for_cuda", std::to_string(runtime / 1000) + "." + std::to_string(runtime % 1000 / 10)},
            {"products_of_networks", cublas_version()}};
  }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op& op) const override {
    if (!std::holds_alternative<Convolution>(op)) return {};
    return {"heuristic", "best"};
  }

  Support supports(const Op& op, const PrepareOptions& options) const override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) {
      const Support support = multiplies_for(options.layout);
      return support ? cublas_supports(*products_, *gemm) : support;
    }
    return supports_convolution(context_.handle, std::get<Convolution>(op), max_cudnn_workspace(device_));
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) {
      return std::make_unique<Product>(prepare_cublas_gemm(*products_, *gemm, Choice::heuristic, options.layout));
    }
    return prepare_cudnn_convolution(context_, std::get<Convolution>(op), options.variant == "best", options.cold);
  }

 private:
  CudaDevice device_;
  std::shared_ptr<MatmulContext> products_;
  CudnnContext context_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cudnn", whygpu::Cudnn)
