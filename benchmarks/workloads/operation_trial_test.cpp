#include "benchmarks/workloads/operation_trial.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "benchmarks/cases/sweep.h"

namespace whygpu {
namespace {

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
