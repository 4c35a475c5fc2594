#include "benchmarks/networks/onnx/network_passes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "whygpu/host_device.h"

namespace whygpu::networks {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A product that ran: its rows, and where its right operand is.
struct Ran {
  std::int64_t m = 0;
  const float* b = nullptr;
};

class LoggedGemm final : public HostOperation {
 public:
  LoggedGemm(const Gemm& gemm, std::vector<Ran>& log, bool correct)
      : HostOperation(gemm.arguments()), gemm_(gemm), log_(log), correct_(correct) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto *a = host_data<float>(tensors[0]), *b = host_data<float>(tensors[1]);
    auto* c = host_data<float>(tensors[2]);
    for (std::int64_t i = 0; i < gemm_.m; ++i) {
      for (std::int64_t j = 0; j < gemm_.n; ++j) {
        float sum = correct_ ? 0.0F : 9.0F;
        for (std::int64_t p = 0; p < gemm_.k; ++p) sum += a[i * gemm_.k + p] * b[p * gemm_.n + j];
        c[i * gemm_.n + j] = sum;
      }
    }
    log_.push_back({gemm_.m, b});
  }
  std::string implementation() const override { return "logged"; }

 private:
  Gemm gemm_;
  std::vector<Ran>& log_;
  bool correct_;
};

class Logged final : public Backend {
 public:
  std::string version() const override { return "logged"; }
  Facts facts() const override { return {}; }
  Device& device() override { return device_; }
  Support supports(const Op& op, const PrepareOptions&) const override {
    return std::holds_alternative<Gemm>(op) ? Support{} : Support::no("products only");
  }
  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions&) override {
    ++prepared;
    return std::make_unique<LoggedGemm>(std::get<Gemm>(op), log, correct);
  }

  std::vector<Ran> log;
  int prepared = 0;
  bool correct = true;

 private:
  HostDevice device_;
};

// Two layers of a kind with another between them that runs three times, and work that is not in cases of this backend.
NetworkRecord network() {
  const auto node = [](const std::string& name, const std::string& problem, std::int64_t count) {
    return NetworkNodeRecord{name, "MatMul", "", {{"forward", problem, count, 10, 100}}};
  };
  return {"net",
          1,
          false,
          {node("first", "gemm m=2 n=3 k=4", 1), node("again", "gemm m=5 n=3 k=4", 3), node("relu", "", 1),
           node("second", "gemm m=2 n=3 k=4", 1), node("conv", "convolution n=1 c=2 h=4 w=4 k=2 r=3 s=3", 1)}};
}

TEST(NetworkPasses, InOrderWithOperandsOfTheirOwn) {
  Logged backend;
  NetworkPasses passes(network(), backend, 1);
  EXPECT_EQ(backend.prepared, 2);
  ASSERT_THAT(passes.steps(), SizeIs(3));
  EXPECT_EQ(passes.steps()[2].name, "second");
  EXPECT_DOUBLE_EQ(passes.flops(), 50);
  EXPECT_DOUBLE_EQ(passes.bytes(), 4.0 * (2 * (8 + 12 + 6) + (20 + 12 + 15)));
  EXPECT_THAT(passes.missing(), ElementsAre(HasSubstr(": products only")));

  backend.log.clear();
  EXPECT_GT(passes.run(), 0);
  std::vector<std::int64_t> rows;
  std::set<const float*> operands;
  for (const Ran& ran : backend.log) {
    rows.push_back(ran.m);
    operands.insert(ran.b);
  }
  EXPECT_THAT(rows, ElementsAre(2, 5, 5, 5, 2));
  EXPECT_THAT(operands, SizeIs(3));
  EXPECT_THAT(passes.run_steps(), SizeIs(3));
  EXPECT_THAT(backend.log, SizeIs(10));
}

TEST(NetworkPasses, Refusals) {
  Logged backend;
  NetworkRecord none = network();
  none.nodes.erase(none.nodes.begin(), none.nodes.begin() + 4);
  EXPECT_THROW(NetworkPasses(none, backend, 1), std::runtime_error);
  none.nodes.clear();
  EXPECT_THROW(NetworkPasses(none, backend, 1), std::runtime_error);
  backend.correct = false;
  EXPECT_THROW(NetworkPasses(network(), backend, 1), std::runtime_error);
}

}  // namespace
}  // namespace whygpu::networks
