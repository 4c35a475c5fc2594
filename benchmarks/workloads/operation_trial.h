// The trial of a workload of a single backend operation: random inputs, a poisoned result, and an oracle.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/workloads/workload.h"
#include "whygpu/backend.h"

namespace whygpu {

// How `c` asks its operation to be prepared.
PrepareOptions prepare_options(const Case& c);

class OperationTrial final : public Trial {
 public:
  // Verifies the row-major values of all arguments, including the operation's result.
  using Oracle = std::function<Verdict(std::span<const std::byte* const> values, std::string_view implementation)>;

  // `result` is the index of the argument written by the operation.
  OperationTrial(std::vector<TensorSpec> arguments, int result, std::unique_ptr<Operation> operation, Oracle oracle);

  Verdict verify() override;
  void enqueue(std::size_t set) override { operation_->enqueue(sets_[set].arguments); }
  void allocate_sets(std::size_t count) override;
  std::vector<HostArgument> host_arguments() override;
  std::size_t set_bytes() const override;
  std::string implementation() const override { return operation_->implementation(); }
  Details details() const override { return {{"output_hash", output_hash_}}; }

 private:
  struct Set {
    std::vector<std::unique_ptr<Tensor>> owned;
    std::vector<Tensor*> arguments;
  };

  std::vector<TensorSpec> specs_;
  std::size_t result_;
  std::unique_ptr<Operation> operation_;
  Oracle oracle_;
  std::vector<std::vector<std::byte>> inputs_;  // by argument; the result's is empty
  double output_hash_ = 0;
  std::vector<Set> sets_;
};

}  // namespace whygpu
