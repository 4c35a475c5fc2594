// A kernel with an injected error must not pass as correct.
#include <gtest/gtest.h>

#include "backends/cuda/simt/check.h"
#include "backends/cuda/simt/mutant.h"

namespace whygpu::cuda {
namespace {

TEST(Mutant, Detected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Gemm op{70, 75, 100, 1, false, false, DType::f32};
  if (!WHYGPU_MUTANT.supports(op, {90, 4, 232448})) op.dtype = DType::bf16;
  EXPECT_EXIT(
      judge_mutant(
          [&] {
            return gemm_error(WHYGPU_MUTANT, op, {90, 4, 232448});
          },
          gemm_tolerance(op.dtype)),
      [](int status) { return status != 0; }, WHYGPU_FINDING);
}

}  // namespace
}  // namespace whygpu::cuda
