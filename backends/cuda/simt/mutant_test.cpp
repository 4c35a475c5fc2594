// A kernel with an error planted in it must not pass for correct.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "backends/cuda/simt/check.h"

namespace whygpu::cuda {
namespace {

// Ends the process: with 0 when the kernel seems correct.
[[noreturn]] void judge(const Gemm& op) {
  try {
    const double error = gemm_error(WHYGPU_MUTANT, op, {90, 4, 232448});
    if (error <= gemm_tolerance(op.dtype)) std::_Exit(0);
    std::fprintf(stderr, "incorrect: relative error %g\n", error);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
  }
  std::_Exit(1);
}

TEST(Mutant, IsFound) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Gemm op{70, 75, 100, 1, false, false, DType::f32};
  if (!WHYGPU_MUTANT.supports(op, {90, 4, 232448})) op.dtype = DType::bf16;
  EXPECT_EXIT(
      judge(op), [](int status) { return status != 0; }, WHYGPU_FINDING);
}

}  // namespace
}  // namespace whygpu::cuda
