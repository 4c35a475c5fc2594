#include "benchmarks/workloads/operation_trial.h"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/oracles/random_input.h"
#include "benchmarks/workloads/output_hash.h"

namespace whygpu {
namespace {

constexpr std::uint64_t kMadeAnew = 1 << 16;  // elements: at most that many are drawn again for an audit

}  // namespace

PrepareOptions prepare_options(const Case& c) { return {.variant = c["variant"], .cold = c["mode"] == "cold"}; }

Parameter data_parameter() {
  const auto names = enum_names(InputData{});
  return {"data", "uniform", {names.begin(), names.end()}, 0, "values of the inputs"};
}

InputData input_data(const Case& c) { return value_named<InputData>(c["data"]).value_or(InputData::uniform); }

OperationTrial::OperationTrial(std::vector<TensorSpec> arguments, int result, std::unique_ptr<Operation> operation,
                               Oracle oracle, InputData data)
    : specs_(std::move(arguments)),
      result_(static_cast<std::size_t>(result)),
      operation_(std::move(operation)),
      oracle_(std::move(oracle)),
      data_(data),
      inputs_(specs_.size()) {
  add_set();
}

void OperationTrial::add_set() {
  Set& set = sets_.emplace_back();
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    set.owned.push_back(operation_->allocate(static_cast<int>(i)));
    set.arguments.push_back(set.owned[i].get());
  }
}

void OperationTrial::fill(const Set& set) const {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    set.owned[i]->upload(i == result_ ? poison(specs_[i]).data() : inputs_of(set)[i].data());
  }
}

void OperationTrial::draw_inputs(std::uint64_t seed, InputData data) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (i != result_) inputs_[i] = random_values(specs_[i].dtype, specs_[i].elements(), argument_seed(seed, i), data);
  }
  fill(sets_.front());
}

void OperationTrial::load(std::uint64_t seed) {
  seed_ = seed;
  draw_inputs(seed, data_);
}

void OperationTrial::allocate_sets(std::size_t count) {
  while (sets_.size() < count) {
    add_set();
    fill(sets_.back());
  }
}

// Zeros hide errors: the operation is verified on other inputs before.
Verdict OperationTrial::verify() {
  if (data_ == InputData::zeros) {
    draw_inputs(seed_, InputData::uniform);
    if (Verdict verdict = verify_once(); verdict.status != Status::ok) return verdict;
    draw_inputs(seed_, data_);
    sets_.front().correct.clear();
  }
  return verify_once();
}

Verdict OperationTrial::verify_once() {
  enqueue(0);
  const Verdict verdict = check(0);
  output_hash_ = output_hash(sets_.front().correct);
  return verdict;
}

// Large inputs are rotated by a random number of elements, which costs a copy; small ones are made anew.
void OperationTrial::renew(std::size_t index, std::uint64_t seed) {
  Set& set = sets_[index];
  if (sets_.size() > 1 && !set.own_inputs) set.own_inputs = inputs_;
  Values& inputs = set.own_inputs ? *set.own_inputs : inputs_;
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (i == result_) continue;
    const auto elements = static_cast<std::uint64_t>(specs_[i].elements());
    if (elements <= kMadeAnew) {
      inputs[i] = random_values(specs_[i].dtype, specs_[i].elements(), seed + i, data_);
    } else {
      const std::uint64_t shift = (1 + Random(seed + i).below(elements - 1)) * dtype_bytes(specs_[i].dtype);
      std::rotate(inputs[i].begin(), inputs[i].begin() + static_cast<std::ptrdiff_t>(shift), inputs[i].end());
    }
  }
  set.correct.clear();
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (i != result_) set.owned[i]->upload(inputs[i].data());
  }
}

void OperationTrial::poison_results(std::size_t set) {
  sets_[set].owned[result_]->upload(poison(specs_[result_]).data());
}

Verdict OperationTrial::check(std::size_t index) {
  Set& set = sets_[index];
  std::vector<std::byte> answer(specs_[result_].bytes());
  set.owned[result_]->download(answer.data());
  if (Verdict verdict = check_surroundings(set); verdict.status != Status::ok) return verdict;
  if (!set.correct.empty() && answer == set.correct) return {};
  std::vector<const std::byte*> values;
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    values.push_back(i == result_ ? answer.data() : inputs_of(set)[i].data());
  }
  Verdict verdict = oracle_(values, implementation());
  if (verdict.status == Status::ok) set.correct = std::move(answer);
  return verdict;
}

// The operation reads its inputs and writes its result, nothing else.
Verdict OperationTrial::check_surroundings(const Set& set) const {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (!set.owned[i]->intact()) {
      return {Status::incorrect, fmt::format("memory next to argument {} was overwritten", i)};
    }
    if (i == result_) continue;
    std::vector<std::byte> now(specs_[i].bytes());
    try {
      set.owned[i]->download(now.data());
    } catch (const std::exception&) {
      continue;  // a packed layout that cannot be read back
    }
    if (now != inputs_of(set)[i]) return {Status::incorrect, fmt::format("argument {}, an input, was overwritten", i)};
  }
  return {};
}

std::vector<HostArgument> OperationTrial::host_arguments() {
  std::vector<HostArgument> arguments;
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const void* values = i == result_ ? nullptr : inputs_of(sets_.front())[i].data();
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
