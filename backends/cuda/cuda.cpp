// Our own kernels on a CUDA GPU, one variant for each rung of the ladder.
#include <cuda_runtime.h>

#include <algorithm>

#include "backends/cuda/ceilings.h"
#include "backends/cuda/gemm.h"
#include "backends/devices/cuda.h"
#include "backends/devices/cuda_borrowed.h"

namespace whygpu {
namespace {

class CudaGemm final : public Operation {
 public:
  CudaGemm(CudaDevice& device, const Gemm& gemm, cuda::Plan plan)
      : device_(device), arguments_(gemm.arguments()), plan_(std::move(plan)), workspace_(plan_.workspace_bytes) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(device_, arguments_.at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    plan_.run(
        {cuda_data(tensors[0]), cuda_data(tensors[1]), cuda_data(tensors[2]), workspace_.data(), device_.stream()});
  }

  std::string implementation() const override {
    std::string text = plan_.description;
    if (workspace_.bytes() > 0) text += ", workspace " + std::to_string(workspace_.bytes()) + " B";
    return text;
  }

 private:
  CudaDevice& device_;
  std::vector<TensorSpec> arguments_;
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
    for (const cuda::Rung* rung : cuda::rungs()) ladder += (ladder.empty() ? "" : " ") + std::string(rung->name);
    return {{"ladder", ladder}};
  }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op& op) const override {
    if (cuda::is_ceiling(op)) return cuda::ceiling_variants(op, device_);
    const auto* gemm = std::get_if<Gemm>(&op);
    return gemm == nullptr ? std::vector<std::string>{} : cuda::gemm_variants(*gemm, chip_);
  }

  Support supports(const Op& op, std::string_view variant) const override {
    if (cuda::is_ceiling(op)) return cuda::ceiling_supports(op, variant, device_);
    const auto* gemm = std::get_if<Gemm>(&op);
    if (gemm != nullptr) return cuda::gemm_supports(*gemm, variant, chip_);
    return is_cuda_borrowed(op) ? Support{} : Support::no("whygpu has no kernels of its own for this operation");
  }

  std::unique_ptr<Operation> prepare(const Op& op, std::string_view variant) override {
    const Support support = supports(op, variant);
    if (!support) throw std::runtime_error(support.reason);
    if (is_cuda_borrowed(op)) return prepare_cuda_borrowed(op, device_);
    if (cuda::is_ceiling(op)) return cuda::prepare_ceiling(op, variant, device_);
    const auto& gemm = std::get<Gemm>(op);
    return std::make_unique<CudaGemm>(device_, gemm, cuda::plan_gemm(gemm, variant, chip_));
  }

 private:
  CudaDevice device_;
  cuda::Chip chip_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cuda", whygpu::CudaKernels)
