#include "backends/onednn/row_major.h"

#include <array>

#include "whygpu/host_device.h"

namespace whygpu::onednn {
namespace {

constexpr std::size_t kMaxArguments = 4;

class RowMajorOperation final : public Operation {
 public:
  RowMajorOperation(Context& context, dnnl::primitive primitive, std::vector<RowMajorArgument> arguments,
                    std::string implementation)
      : context_(context), primitive_(std::move(primitive)), implementation_(std::move(implementation)) {
    for (std::size_t i = 0; i < arguments.size(); ++i) add(arguments[i]);
    if (reorders_ > 0) implementation_ += ", reordering " + std::to_string(reorders_) + " operands on every run";
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    const auto bytes =
        static_cast<std::int64_t>(slots_.at(static_cast<std::size_t>(index)).caller.get_desc().get_size());
    return std::make_unique<HostTensor>(TensorSpec{DType::s8, {bytes}});
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      slot.caller.set_data_handle(host_data<void>(tensors[i]));
      if (slot.reorder && !slot.result) slot.reorder.execute(context_.stream, slot.caller, slot.chosen);
    }
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), context_.stream.get(),
                                                   static_cast<int>(slots_.size()), execution_.data()),
                            "oneDNN could not execute a primitive");
    for (Slot& slot : slots_) {
      if (slot.reorder && slot.result) slot.reorder.execute(context_.stream, slot.chosen, slot.caller);
    }
  }

  std::string implementation() const override { return implementation_; }

 private:
  struct Slot {
    dnnl::memory caller, chosen;
    dnnl::reorder reorder;  // empty where the layouts agree
    bool result = false;
  };

  void add(const RowMajorArgument& argument) {
    Slot slot;
    slot.caller = dnnl::memory(argument.caller, context_.engine, nullptr);
    slot.chosen = slot.caller;
    slot.result = argument.result;
    if (argument.caller != argument.chosen) {
      slot.chosen = dnnl::memory(argument.chosen, context_.engine);
      slot.reorder =
          argument.result ? dnnl::reorder(slot.chosen, slot.caller) : dnnl::reorder(slot.caller, slot.chosen);
      ++reorders_;
    }
    execution_[slots_.size()] = {argument.name, slot.chosen.get()};
    slots_.push_back(std::move(slot));
  }

  Context& context_;
  dnnl::primitive primitive_;
  std::vector<Slot> slots_;
  std::array<dnnl_exec_arg_t, kMaxArguments> execution_{};
  int reorders_ = 0;
  std::string implementation_;
};

}  // namespace

std::unique_ptr<Operation> row_major_operation(Context& context, dnnl::primitive primitive,
                                               std::vector<RowMajorArgument> arguments, std::string implementation) {
  return std::make_unique<RowMajorOperation>(context, std::move(primitive), std::move(arguments),
                                             std::move(implementation));
}

}  // namespace whygpu::onednn
