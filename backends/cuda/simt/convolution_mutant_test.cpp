// A convolution kernel with an injected error must not pass as correct.
#include <gtest/gtest.h>

#include "backends/cuda/kernels/convolution/kernels.h"
#include "backends/cuda/simt/convolution_check.h"
#include "backends/cuda/simt/mutant.h"

namespace whygpu::cuda {
namespace {

TEST(Mutant, Detected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Convolution op{Pass::WHYGPU_PASS, 1, 16, 9, 8, 24, 3, 3, 2, 2, 1, 1, 1, 1, 1, DType::bf16};
  EXPECT_EXIT(
      judge_mutant(
          [&] {
            return convolution_error(op, WHYGPU_MUTANT.plan(op, {90, 4, 232448}));
          },
          convolution_tolerance(op)),
      [](int status) { return status != 0; }, WHYGPU_FINDING);
}

}  // namespace
}  // namespace whygpu::cuda
