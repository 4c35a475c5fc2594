// A kernel with an injected error must not pass as correct.
#include <gtest/gtest.h>

#include "backends/cuda/simt/check.h"
#include "backends/cuda/simt/mutant.h"

namespace whygpu::cuda {
namespace {

double error_on(const Gemm& op, int multiprocessors) {
  return gemm_error(WHYGPU_MUTANT, op, {90, multiprocessors, 232448});
}

TEST(Mutant, Detected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
#ifdef WHYGPU_SEVERAL_TILES
  // Five tiles: correct with a multiprocessor for each, so that only two of them reveal the error.
  const Gemm op{600, 120, 100, 1, false, false, DType::bf16};
  constexpr int kMultiprocessors = 2;
  EXPECT_LE(error_on(op, 5), gemm_tolerance(op.dtype));
#else
  Gemm op{70, 75, 100, 1, false, false, DType::f32};
  if (!WHYGPU_MUTANT.supports(op, {90, 4, 232448})) op.dtype = DType::bf16;
  constexpr int kMultiprocessors = 4;
#endif
  EXPECT_EXIT(
      judge_mutant([&] { return error_on(op, kMultiprocessors); }, gemm_tolerance(op.dtype)),
      [](int status) { return status != 0; }, WHYGPU_FINDING);
}

}  // namespace
}  // namespace whygpu::cuda
