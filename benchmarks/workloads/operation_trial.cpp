#include "benchmarks/workloads/operation_trial.h"

#include "benchmarks/oracles/random_input.h"
#include "benchmarks/workloads/output_hash.h"

namespace whygpu {

PrepareOptions prepare_options(const Case& c) { return {.variant = c["variant"], .cold = c["mode"] == "cold"}; }

OperationTrial::OperationTrial(std::vector<TensorSpec> arguments, int result, std::unique_ptr<Operation> operation,
                               Oracle oracle)
    : specs_(std::move(arguments)),
      result_(static_cast<std::size_t>(result)),
      operation_(std::move(operation)),
      oracle_(std::move(oracle)),
      inputs_(specs_.size()) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (i != result_) inputs_[i] = random_values(specs_[i].dtype, specs_[i].elements(), 11 + i);
  }
  allocate_sets(1);
}

void OperationTrial::allocate_sets(std::size_t count) {
  while (sets_.size() < count) {
    Set& set = sets_.emplace_back();
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      set.owned.push_back(operation_->allocate(static_cast<int>(i)));
      set.arguments.push_back(set.owned[i].get());
      if (i != result_) set.owned[i]->upload(inputs_[i].data());
    }
  }
}

Verdict OperationTrial::verify() {
  Tensor& result = *sets_.front().owned[result_];
  result.upload(poison(specs_[result_]).data());
  enqueue(0);
  std::vector<std::byte> answer(specs_[result_].bytes());
  result.download(answer.data());
  output_hash_ = output_hash(answer);
  std::vector<const std::byte*> values;
  for (std::size_t i = 0; i < specs_.size(); ++i) values.push_back(i == result_ ? answer.data() : inputs_[i].data());
  return oracle_(values, implementation());
}

std::vector<HostArgument> OperationTrial::host_arguments() {
  std::vector<HostArgument> arguments;
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const void* values = i == result_ ? nullptr : inputs_[i].data();
    arguments.push_back({sets_.front().owned[i].get(), specs_[i].bytes(), values});
  }
  return arguments;
}

std::size_t OperationTrial::set_bytes() const {
  std::size_t bytes = 0;
  for (const auto& tensor : sets_.front().owned) bytes += tensor->bytes();
  return bytes;
}

}  // namespace whygpu
