#include "backends/cudnn/convolution.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "backends/cudnn/widen.h"
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

// f32 copies of 16-bit images, for plans that need them.
class WideImages {
 public:
  WideImages(CudaDevice& device, const Convolution& conv, const Plan* plans, std::size_t count) : device_(device) {
    if (std::none_of(plans, plans + count, [](const Plan& plan) { return plan.form == Form::widened; })) return;
    for (const std::size_t i : {0, 2}) {
      const TensorSpec spec = conv.arguments()[i];
      images_[i].emplace(Image{spec, CudaBuffer(static_cast<std::size_t>(spec.elements()) * sizeof(float))});
    }
  }

  // What `plan` reads and writes in place of `arguments`.
  Arguments in_place_of(const Plan& plan, Arguments arguments) const {
    if (plan.form != Form::widened) return arguments;
    return {images_[0]->wide.data(), arguments[1], images_[2]->wide.data()};
  }
  // Queues the copies.
  void copy(const Plan& plan, const Arguments& arguments) const {
    if (plan.form != Form::widened) return;
    for (const std::size_t i : {0, 2}) {
      const auto& [spec, wide] = *images_[i];
      widen(spec.dtype, arguments[i], static_cast<float*>(wide.data()), spec.elements(), device_.stream());
    }
  }

 private:
  struct Image {
    TensorSpec spec;
    CudaBuffer wide;
  };

  CudaDevice& device_;
  std::array<std::optional<Image>, 3> images_;
};

class CudnnConvolution final : public Operation {
 public:
  CudnnConvolution(const CudnnContext& context, const Convolution& conv, bool tune, bool cold)
      : context_(context), conv_(conv) {
    auto [plans, refused] =
        plan_convolution(context.handle, conv, tune ? kCandidates : 1, max_cudnn_workspace(context.device));
    std::size_t chosen = 0;
    if (plans.size() > 1) chosen = choose(plans, cold);
    how_chosen_ = tune ? describe_choice("cuDNN's", plans.size(), chosen, cold) : "cuDNN's first answer";
    if (refused > 0) how_chosen_ += ", after " + std::to_string(refused) + " that it could not plan";
    plan_ = std::make_unique<Plan>(std::move(plans[chosen]));
    workspace_ = CudaBuffer(plan_->workspace_bytes);
    wide_.emplace(context.device, conv, plan_.get(), 1);
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(context_.device, conv_.arguments()[static_cast<std::size_t>(index)]);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const Arguments arguments{cuda_data(tensors[0]), cuda_data(tensors[1]), cuda_data(tensors[2])};
    auto pack = packs_.find(arguments);
    if (pack == packs_.end()) {
      pack = packs_.emplace(arguments, variant_pack(wide_->in_place_of(*plan_, arguments), workspace_.data())).first;
    }
    wide_->copy(*plan_, arguments);
    execute(*plan_, pack->second);
  }

  std::string implementation() const override {
    return "cuDNN " + plan_->description + "; workspace " + std::to_string(workspace_.bytes()) + " B; " + how_chosen_;
  }

 private:
  std::size_t choose(const std::vector<Plan>& plans, bool cold) const {
    std::size_t workspace_bytes = 0;
    for (const auto& plan : plans) workspace_bytes = std::max(workspace_bytes, plan.workspace_bytes);
    const CudaBuffer workspace(workspace_bytes);
    const WideImages wide(context_.device, conv_, plans.data(), plans.size());
    const TuningBuffers buffers(context_.device, conv_.arguments(), cold);
    return fastest(context_.device, plans.size(), cold, [&](std::size_t candidate, std::size_t run) {
      const Plan& plan = plans[candidate];
      const Arguments arguments{buffers.data(run, 0), buffers.data(run, 1), buffers.data(run, 2)};
      wide.copy(plan, arguments);
      execute(plan, variant_pack(wide.in_place_of(plan, arguments), workspace.data()));
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
  std::optional<WideImages> wide_;
  std::map<Arguments, CudnnDescriptor> packs_;  // made once for each set of tensors
};

}  // namespace

std::unique_ptr<Operation> prepare_cudnn_convolution(const CudnnContext& context, const Convolution& conv, bool tune,
                                                     bool cold) {
  return std::make_unique<CudnnConvolution>(context, conv, tune, cold);
}

}  // namespace whygpu
