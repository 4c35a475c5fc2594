// A convolution kernel with an error planted in it must not pass for correct.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "backends/cuda/kernels/convolution_kernels.h"
#include "backends/cuda/simt/convolution_check.h"

namespace whygpu::cuda {
namespace {

// Ends the process: with 0 when the kernel seems correct.
[[noreturn]] void judge(const Convolution& op) {
  try {
    const double error = convolution_error(op, WHYGPU_MUTANT.plan(op, {90, 4, 232448}));
    if (error <= convolution_tolerance(op)) std::_Exit(0);
    std::fprintf(stderr, "incorrect: relative error %g\n", error);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
  }
  std::_Exit(1);
}

TEST(Mutant, IsFound) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Convolution op{Pass::WHYGPU_PASS, 1, 16, 9, 8, 24, 3, 3, 2, 2, 1, 1, 1, 1, 1, DType::bf16};
  EXPECT_EXIT(
      judge(op), [](int status) { return status != 0; }, WHYGPU_FINDING);
}

}  // namespace
}  // namespace whygpu::cuda
