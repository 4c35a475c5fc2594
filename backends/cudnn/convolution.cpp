#include "backends/cudnn/convolution.h"

#include <algorithm>
#include <array>
#include <map>

#include "backends/devices/cuda_tuning.h"
#include "backends/devices/tuning.h"

namespace whygpu {
namespace {

constexpr std::size_t kCandidates = 16;

using Arguments = std::array<void*, 3>;

CudnnDescriptor variant_pack(Arguments arguments, void* workspace) {
  void* const pointers[] = {arguments[0], arguments[1], arguments[2]};
  CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, kArgumentIds)
      .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, pointers)
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace)
      .finalize("passing arguments");
  return pack;
}

class CudnnConvolution final : public Operation {
 public:
  CudnnConvolution(const CudnnContext& context, const Convolution& conv, bool tune) : context_(context), conv_(conv) {
    auto [plans, refused] =
        plan_convolution(context.handle, conv, tune ? kCandidates : 1, max_cudnn_workspace(context.device));
    std::size_t chosen = 0;
    if (plans.size() > 1) chosen = choose(plans);
    how_chosen_ =
        !tune ? "cuDNN's first answer"
              : "fastest of cuDNN's first " + std::to_string(plans.size()) + ", number " + std::to_string(chosen + 1);
    if (refused > 0) how_chosen_ += ", after " + std::to_string(refused) + " that it could not plan";
    plan_ = std::make_unique<Plan>(std::move(plans[chosen]));
    workspace_ = CudaBuffer(plan_->workspace_bytes);
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(context_.device, conv_.arguments()[static_cast<std::size_t>(index)]);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const Arguments arguments{cuda_data(tensors[0]), cuda_data(tensors[1]), cuda_data(tensors[2])};
    auto pack = packs_.find(arguments);
    if (pack == packs_.end()) pack = packs_.emplace(arguments, variant_pack(arguments, workspace_.data())).first;
    execute(*plan_, pack->second);
  }

  std::string implementation() const override {
    return "cuDNN " + plan_->description + "; workspace " + std::to_string(workspace_.bytes()) + " B; " + how_chosen_;
  }

 private:
  std::size_t choose(const std::vector<Plan>& plans) const {
    std::size_t workspace_bytes = 0;
    for (const auto& plan : plans) workspace_bytes = std::max(workspace_bytes, plan.workspace_bytes);
    const CudaBuffer workspace(workspace_bytes);
    const TuningBuffers buffers(context_.device, conv_.arguments());
    return fastest(context_.device, plans.size(), [&](std::size_t candidate, std::size_t run) {
      execute(plans[candidate],
              variant_pack({buffers.data(run, 0), buffers.data(run, 1), buffers.data(run, 2)}, workspace.data()));
    });
  }

  void execute(const Plan& plan, const CudnnDescriptor& pack) const {
    cudnn_check(cudnnBackendExecute(context_.handle, plan.plan.get(), pack.get()), "convolving");
  }

  CudnnContext context_;
  Convolution conv_;
  std::string how_chosen_;
  std::unique_ptr<Plan> plan_;
  CudaBuffer workspace_;
  std::map<Arguments, CudnnDescriptor> packs_;  // made once for each set of tensors
};

}  // namespace

std::unique_ptr<Operation> prepare_cudnn_convolution(const CudnnContext& context, const Convolution& conv, bool tune) {
  return std::make_unique<CudnnConvolution>(context, conv, tune);
}

}  // namespace whygpu
