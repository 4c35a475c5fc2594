#include "backends/layers/opencl/opencl_layers.h"

#include <array>

#include "backends/layers/opencl/registry.h"

namespace whygpu {
namespace {

using opencl_layers::Kernels;
using opencl_layers::Launcher;
using opencl_layers::OpenClLayers;
using opencl_layers::Operand;

// The activations are numbered in parts.cl.
static_assert(static_cast<int>(Activation::relu) == 1 && static_cast<int>(Activation::gelu) == 2);

class OpenClLayer final : public Operation {
 public:
  OpenClLayer(const Layer& layer, const OpenClLayers::Entry& entry, OpenClDevice& device,
              std::shared_ptr<Kernels> kernels)
      : layer_(layer),
        arguments_(layer.arguments()),
        entry_(entry),
        device_(device),
        kernels_(std::move(kernels)),
        partial_(device, static_cast<std::size_t>(entry.partial(layer.description())) * sizeof(float)) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    return device_.allocate(arguments_.at(static_cast<std::size_t>(index)).bytes());
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    std::array<Operand, 16> operands;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const DType dtype = arguments_[i].dtype;
      operands[i] = {opencl_values(tensors[i], dtype), dtype == DType::bf16};
    }
    Launcher launcher(device_.commands(), *kernels_, partial_.memory());
    entry_.run(layer_.description(), {operands.data(), tensors.size()}, launcher);
  }

  std::string implementation() const override { return "fallback: whygpu OpenCL kernels"; }

 private:
  Layer layer_;
  std::vector<TensorSpec> arguments_;
  const OpenClLayers::Entry& entry_;
  OpenClDevice& device_;
  std::shared_ptr<Kernels> kernels_;
  OpenClBuffer partial_;
};

class OpenClLayerKernels final : public LayerKernels {
 public:
  OpenClLayerKernels(OpenClDevice& device, EditSource edit)
      : device_(device), edit_(std::move(edit)), layers_(opencl_layers::all_layers()) {}

  std::unique_ptr<Operation> prepare(const Layer& layer) override {
    const auto entry = layers_.entries.find(layer.name());
    if (entry == layers_.entries.end()) return nullptr;
    auto& kernels = kernels_[entry->second.source];
    if (!kernels) {
      std::string text(opencl_layers::opencl_parts_cl);
      text += entry->second.source;
      kernels = std::make_shared<Kernels>(device_, edit_ ? edit_(text) : text);
    }
    return std::make_unique<OpenClLayer>(layer, entry->second, device_, kernels);
  }

 private:
  OpenClDevice& device_;
  EditSource edit_;
  OpenClLayers layers_;
  std::map<std::string_view, std::shared_ptr<Kernels>> kernels_;  // by source
};

}  // namespace

std::unique_ptr<LayerKernels> make_opencl_layers(OpenClDevice& device, EditSource edit) {
  return std::make_unique<OpenClLayerKernels>(device, std::move(edit));
}

}  // namespace whygpu
