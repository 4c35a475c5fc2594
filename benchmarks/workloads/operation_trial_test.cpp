#include "benchmarks/workloads/operation_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "benchmarks/cases/sweep.h"
#include "benchmarks/oracles/random_input.h"

namespace whygpu {
namespace {

// What happened, in order: "a" a tensor was allocated, "u" written, "r" the operation ran on tensors that were all
// written, "!" it ran on one that was not.
using Log = std::string;

class LoggedTensor final : public Tensor {
 public:
  LoggedTensor(Log& log, std::size_t bytes) : log_(log), values_(bytes) { log_ += 'a'; }
  std::size_t bytes() const override { return values_.size(); }
  void upload(const void* row_major) override {
    std::memcpy(values_.data(), row_major, values_.size());
    written_ = true;
    log_ += 'u';
  }
  void download(void* row_major) const override { std::memcpy(row_major, values_.data(), values_.size()); }
  bool written() const { return written_; }

 private:
  Log& log_;
  std::vector<std::byte> values_;
  bool written_ = false;
};

class LoggedOperation final : public Operation {
 public:
  explicit LoggedOperation(Log& log) : log_(log) {}
  std::unique_ptr<Tensor> allocate(int) override { return std::make_unique<LoggedTensor>(log_, sizeof(float)); }
  void enqueue(std::span<Tensor* const> tensors) override {
    const auto written = [](Tensor* tensor) { return static_cast<LoggedTensor*>(tensor)->written(); };
    log_ += std::ranges::all_of(tensors, written) ? 'r' : '!';
  }
  std::string implementation() const override { return "logged"; }

 private:
  Log& log_;
};

OperationTrial trial_of(Log& log) {
  const TensorSpec scalar{DType::f32, {1}};
  return {{scalar, scalar}, 1, std::make_unique<LoggedOperation>(log), [](auto, auto) { return Verdict{}; }};
}

// An operation that writes nothing leaves the poison for the oracle to see.
TEST(OperationTrial, ResultIsPoisonedBeforeVerifying) {
  Log log;
  const TensorSpec scalar{DType::f32, {1}};
  std::vector<std::byte> seen;
  OperationTrial trial({scalar, scalar}, 1, std::make_unique<LoggedOperation>(log), [&](auto values, auto) {
    seen.assign(values[1], values[1] + sizeof(float));
    return Verdict{};
  });
  trial.load(1);
  trial.verify();
  EXPECT_EQ(seen, poison(scalar));
}

// Zeros would hide a wrong operation: it is verified on others first, and timed on zeros.
TEST(OperationTrial, ZerosAreVerifiedOnOtherValuesFirst) {
  Log log;
  const TensorSpec scalar{DType::f32, {1}};
  std::vector<float> inputs;
  const auto oracle = [&](auto values, auto) {
    std::memcpy(&inputs.emplace_back(), values[0], sizeof(float));
    return Verdict{};
  };
  OperationTrial trial({scalar, scalar}, 1, std::make_unique<LoggedOperation>(log), oracle, InputData::zeros);
  trial.load(1);
  EXPECT_EQ(trial.verify().status, Status::ok);
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_NE(inputs[0], 0);
  EXPECT_EQ(inputs[1], 0);
}

// prepare_ns covers the constructor: inputs must not be part of it.
TEST(OperationTrial, InputsAreMadeAfterPreparation) {
  Log log;
  OperationTrial trial = trial_of(log);
  EXPECT_EQ(log, "aa");
  trial.load(1);
  EXPECT_EQ(log, "aauu");
}

// A buffer that is first written by a sample has its page faults there.
TEST(OperationTrial, EveryBufferOfEverySetIsWritten) {
  Log log;
  OperationTrial trial = trial_of(log);
  trial.load(1);
  EXPECT_EQ(trial.verify().status, Status::ok);
  trial.allocate_sets(3);
  for (std::size_t set = 0; set < 3; ++set) trial.enqueue(set);
  EXPECT_EQ(log,
            "aauur"
            "aauu"
            "aauu"
            "rrr");
}

// Remembers how an operation was asked for, and has none.
class AskedBackend final : public Backend {
 public:
  std::string version() const override { return "fake"; }
  Facts facts() const override { return {}; }
  Device& device() override { throw std::logic_error("no device"); }
  Support supports(const Op&, const PrepareOptions&) const override { return {}; }
  std::unique_ptr<Operation> prepare(const Op&, const PrepareOptions& options) override {
    variant = options.variant;
    cold = options.cold;
    throw std::runtime_error("no operation");
  }
  std::string variant;
  bool cold = false;
};

// What a backend chooses by timing is chosen in the mode that is measured.
TEST(PrepareOptions, ModeOfCase) {
  for (const std::string shape : {"gemm m=4 n=4 k=4", "convolution n=1 c=1 h=4 w=4 k=1 r=3 s=3"}) {
    for (const std::string mode : {"", " mode=hot", " mode=cold"}) {
      const Case c = parse_case(shape + mode + " variant=best");
      AskedBackend backend;
      EXPECT_THROW(find_workload(c.workload).prepare(c, backend), std::runtime_error);
      EXPECT_EQ(backend.variant, "best");
      EXPECT_EQ(backend.cold, mode == " mode=cold") << c.text();
    }
  }
}

}  // namespace
}  // namespace whygpu
