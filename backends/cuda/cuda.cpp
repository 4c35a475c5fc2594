// Our own kernels on a CUDA GPU: GEMM with one variant per rung of the ladder, and convolution.
#include <cuda_runtime.h>

#include <algorithm>

#include "backends/cuda/convolution.h"
#include "backends/cuda/gemm.h"
#include "backends/cuda/probes.h"
#include "backends/devices/cuda.h"

namespace whygpu {
namespace {

// A planned operation with three arguments, of which `result` is written.
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
    cuda_check(cudaRuntimeGetVersion(&runtime), "reading the CUDA runtime version");
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
    if (const auto* gemm = std::get_if<Gemm>(&op)) return cuda::gemm_variants(*gemm, chip_);
    return cuda::convolution_variants(std::get<Convolution>(op), chip_);
  }

  Support supports(const Op& op, const PrepareOptions& options) const override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) return cuda::gemm_supports(*gemm, options.variant, chip_);
    return cuda::convolution_supports(std::get<Convolution>(op), options.variant, chip_);
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    const auto* gemm = std::get_if<Gemm>(&op);
    cuda::Plan plan = gemm != nullptr ? cuda::plan_gemm(*gemm, options.variant, chip_)
                                      : cuda::plan_convolution(std::get<Convolution>(op), options.variant, chip_);
    const int result = std::visit([](const auto& shape) { return shape.result(); }, op);
    return std::make_unique<CudaOperation>(device_, op, static_cast<std::size_t>(result), std::move(plan));
  }

  Probes* probes() override { return &probes_; }

 private:
  CudaDevice device_;
  cuda::CudaProbes probes_{device_};
  cuda::Chip chip_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cuda", whygpu::CudaKernels)
