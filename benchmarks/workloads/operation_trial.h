// The trial of a workload of a single backend operation: random inputs, a poisoned result, and an oracle.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/oracles/random_input.h"
#include "benchmarks/workloads/workload.h"
#include "whygpu/backend.h"

namespace whygpu {

// How `c` asks its operation to be prepared.
PrepareOptions prepare_options(const Case& c);

// The key "data" of a workload whose inputs are drawn, and its value in a case.
Parameter data_parameter();
InputData input_data(const Case& c);

class OperationTrial final : public Trial {
 public:
  // Verifies the row-major values of all arguments, including the operation's result.
  using Oracle = std::function<Verdict(std::span<const std::byte* const> values, std::string_view implementation)>;

  // `result` is the index of the argument written by the operation. `data`: the values of the other arguments.
  OperationTrial(std::vector<TensorSpec> arguments, int result, std::unique_ptr<Operation> operation, Oracle oracle,
                 InputData data = InputData::uniform);

  void load(std::uint64_t seed) override;
  Verdict verify() override;
  void enqueue(std::size_t set) override { operation_->enqueue(sets_[set].arguments); }
  bool auditable() const override { return true; }
  void renew(std::size_t set, std::uint64_t seed) override;
  void poison_results(std::size_t set) override;
  Verdict check(std::size_t set) override;
  void allocate_sets(std::size_t count) override;
  std::vector<HostArgument> host_arguments() override;
  std::size_t set_bytes() const override;
  std::string implementation() const override { return operation_->implementation(); }
  Details details() const override { return {{"output_hash", output_hash_}}; }

 private:
  using Values = std::vector<std::vector<std::byte>>;  // row-major, by argument; the result's is empty
  struct Set {
    std::vector<std::unique_ptr<Tensor>> owned;
    std::vector<Tensor*> arguments;
    std::optional<Values> own_inputs;  // since renew(), if there are several sets
    std::vector<std::byte> correct;    // the last result that passed the oracle, for these inputs
  };

  void add_set();
  void draw_inputs(std::uint64_t seed, InputData data);
  Verdict verify_once();
  void fill(const Set& set) const;  // uploads the inputs, poisons the result
  const Values& inputs_of(const Set& set) const { return set.own_inputs ? *set.own_inputs : inputs_; }
  Verdict check_surroundings(const Set& set) const;

  std::vector<TensorSpec> specs_;
  std::size_t result_;
  std::unique_ptr<Operation> operation_;
  Oracle oracle_;
  InputData data_;
  std::uint64_t seed_ = 1;
  Values inputs_;
  double output_hash_ = 0;
  std::vector<Set> sets_;
};

}  // namespace whygpu
