// A convolution kernel with an injected error must not pass as correct.
#include <gtest/gtest.h>

#include "backends/cuda/kernels/convolution/kernels.h"
#include "backends/cuda/simt/convolution_check.h"
#include "backends/cuda/simt/mutant.h"

namespace whygpu::cuda {
namespace {

double error_on(const Convolution& op, int multiprocessors) {
  return convolution_error(op, WHYGPU_MUTANT.plan(op, {90, multiprocessors, 232448}));
}

TEST(Mutant, Detected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
#ifdef WHYGPU_SEVERAL_TILES
  // Six tiles: correct with a multiprocessor for each, so that only two of them reveal the error.
  const Convolution op{Pass::WHYGPU_PASS, 1, 64, 26, 26, 64, 1, 1, 1, 1, 0, 0, 1, 1, 1, DType::bf16};
  constexpr int kMultiprocessors = 2;
  EXPECT_LE(error_on(op, 6), convolution_tolerance(op));
#else
  const Convolution op{Pass::WHYGPU_PASS, 1, 16, 9, 8, 24, 3, 3, 2, 2, 1, 1, 1, 1, 1, DType::bf16};
  constexpr int kMultiprocessors = 4;
#endif
  EXPECT_EXIT(
      judge_mutant([&] { return error_on(op, kMultiprocessors); }, convolution_tolerance(op)),
      [](int status) { return status != 0; }, WHYGPU_FINDING);
}

}  // namespace
}  // namespace whygpu::cuda
