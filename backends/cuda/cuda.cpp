// Our own kernels on a CUDA GPU: GEMM with one variant for each rung of the ladder, and convolution.
#include <cuda_runtime.h>

#include <algorithm>

#include "backends/cuda/ceilings.h"
#include "backends/cuda/convolution.h"
#include "backends/cuda/gemm.h"
#include "backends/devices/cuda.h"
#include "backends/devices/cuda_borrowed.h"

namespace whygpu {
namespace {

// A planned operation of three arguments, of which `result` is written.
class CudaOperation final : public Operation {
 public:
  CudaOperation(CudaDevice& device, const Op& op, std::size_t result, cuda::Plan plan)
      : device_(device),
        arguments_(arguments(op)),
        result_(result),
        plan_(std::move(plan)),
        workspace_(plan_.workspace_bytes) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(device_, arguments_.at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const std::size_t first = result_ == 0 ? 1 : 0, second = result_ == 2 ? 1 : 2;
    plan_.run({cuda_data(tensors[first]), cuda_data(tensors[second]), cuda_data(tensors[result_]), workspace_.data(),
               device_.stream()});
  }

  std::string implementation() const override {
    std::string text = plan_.description;
    if (workspace_.bytes() > 0) text += ", workspace " + std::to_string(workspace_.bytes()) + " B";
    return text;
  }

 private:
  CudaDevice& device_;
  std::vector<TensorSpec> arguments_;
  std::size_t result_;
  cuda::Plan plan_;
  CudaBuffer workspace_;
};

class CudaKernels final : public Backend {
 public:
  explicit CudaKernels(const Settings& settings)
      : device_(settings.device),
        chip_{device_.compute_capability(), device_.properties().multiProcessorCount,
              device_.properties().sharedMemPerBlockOptin} {}

  std::string version() const override {
    int runtime = 0;
    cuda_check(cudaRuntimeGetVersion(&runtime), "asking for the CUDA runtime's version");
    return "whygpu kernels, CUDA " + std::to_string(runtime / 1000) + "." + std::to_string(runtime % 1000 / 10);
  }
  Facts facts() const override {
    std::string ladder;
    for (const cuda::Rung* rung : cuda::rungs()) {
      if (!ladder.empty()) ladder += ' ';
      ladder += rung->name;
    }
    return {{"ladder", ladder}};
  }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op& op) const override {
    if (cuda::is_ceiling(op)) return cuda::ceiling_variants(op, device_);
    if (const auto* gemm = std::get_if<Gemm>(&op)) return cuda::gemm_variants(*gemm, chip_);
    if (const auto* conv = std::get_if<Convolution>(&op)) return cuda::convolution_variants(*conv, chip_);
    return {};
  }

  Support supports(const Op& op, std::string_view variant) const override {
    if (cuda::is_ceiling(op)) return cuda::ceiling_supports(op, variant, device_);
    if (const auto* gemm = std::get_if<Gemm>(&op)) return cuda::gemm_supports(*gemm, variant, chip_);
    if (const auto* conv = std::get_if<Convolution>(&op)) return cuda::convolution_supports(*conv, variant, chip_);
    return is_cuda_borrowed(op) ? Support{} : Support::no("whygpu has no kernels of its own for this operation");
  }

  std::unique_ptr<Operation> prepare(const Op& op, std::string_view variant) override {
    const Support support = supports(op, variant);
    if (!support) throw std::runtime_error(support.reason);
    if (is_cuda_borrowed(op)) return prepare_cuda_borrowed(op, device_);
    if (cuda::is_ceiling(op)) return cuda::prepare_ceiling(op, variant, device_);
    if (const auto* conv = std::get_if<Convolution>(&op)) {
      return std::make_unique<CudaOperation>(device_, op, static_cast<std::size_t>(conv->result()),
                                             cuda::plan_convolution(*conv, variant, chip_));
    }
    return std::make_unique<CudaOperation>(device_, op, 2, cuda::plan_gemm(std::get<Gemm>(op), variant, chip_));
  }

 private:
  CudaDevice device_;
  cuda::Chip chip_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cuda", whygpu::CudaKernels)
