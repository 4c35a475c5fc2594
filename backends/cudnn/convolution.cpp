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

struct Plan {
  CudnnDescriptor configuration;
  CudnnDescriptor plan;
  std::size_t workspace_bytes = 0;
  std::string engine;
};

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
  CudnnConvolution(const CudnnContext& context, const Convolution& conv, bool tune, bool cold)
      : context_(context), conv_(conv), graph_(context.handle, conv) {
    auto plans = plan(tune ? kCandidates : 1);
    std::size_t chosen = 0;
    if (plans.size() > 1) chosen = choose(plans, cold);
    how_chosen_ = plans.size() == 1 ? "the heuristic's first answer"
                                    : describe_choice("the heuristic's", plans.size(), chosen, cold);
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
    return "cuDNN " + plan_->engine + "; workspace " + std::to_string(workspace_.bytes()) + " B; " + how_chosen_;
  }

 private:
  // Up to `count` plans, one for each of cuDNN's proposals that can be planned. At least one.
  std::vector<Plan> plan(std::size_t count) const {
    std::vector<Plan> plans;
    std::string refusal = "cuDNN proposes no engine for this";
    for (auto& engine : graph_.propose(conv_.dtype, kCandidates)) {
      try {
        Plan plan{std::move(engine.configuration), CudnnDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR), 0,
                  engine.describe()};
        plan.plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, context_.handle)
            .set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, plan.configuration)
            .finalize("planning " + plan.engine);
        plan.workspace_bytes = static_cast<std::size_t>(plan.plan.number(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
        if (plan.workspace_bytes > context_.device.free_memory_bytes() / 2) {
          refusal = plan.engine + " needs a workspace of " + std::to_string(plan.workspace_bytes) + " B";
          continue;
        }
        plans.push_back(std::move(plan));
        if (plans.size() == count) break;
      } catch (const std::exception& error) {
        refusal = error.what();
      }
    }
    if (plans.empty()) throw std::runtime_error(refusal);
    return plans;
  }

  std::size_t choose(const std::vector<Plan>& plans, bool cold) const {
    std::size_t workspace_bytes = 0;
    for (const auto& plan : plans) workspace_bytes = std::max(workspace_bytes, plan.workspace_bytes);
    const CudaBuffer workspace(workspace_bytes);
    const TuningBuffers buffers(context_.device, conv_.arguments(), cold);
    return fastest(context_.device, plans.size(), cold, [&](std::size_t candidate, std::size_t run) {
      execute(plans[candidate],
              variant_pack({buffers.data(run, 0), buffers.data(run, 1), buffers.data(run, 2)}, workspace.data()));
    });
  }

  void execute(const Plan& plan, const CudnnDescriptor& pack) const {
    cudnn_check(cudnnBackendExecute(context_.handle, plan.plan.get(), pack.get()), "convolving");
  }

  CudnnContext context_;
  Convolution conv_;
  ConvolutionGraph graph_;
  std::string how_chosen_;
  std::unique_ptr<Plan> plan_;
  CudaBuffer workspace_;
  std::map<Arguments, CudnnDescriptor> packs_;  // made once for each set of tensors
};

}  // namespace

std::unique_ptr<Operation> prepare_cudnn_convolution(const CudnnContext& context, const Convolution& conv, bool tune,
                                                     bool cold) {
  return std::make_unique<CudnnConvolution>(context, conv, tune, cold);
}

}  // namespace whygpu
