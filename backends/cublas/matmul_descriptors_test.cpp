// What the library itself says that it was asked for. Needs no device.
#include "backends/cublas/descriptors.h"

#include <gmock/gmock.h>

namespace whygpu {
namespace {

std::uint32_t reduction_schemes(const MatmulProblem& problem) {
  const MatmulDescriptors descriptors(problem, 1 << 20);
  std::uint32_t schemes = 0;
  std::size_t written = 0;
  cublas_check(cublasLtMatmulPreferenceGetAttribute(descriptors.preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                                                    &schemes, sizeof schemes, &written),
               "reading a preference");
  return schemes;
}

TEST(MatmulDescriptors, SumsOf16BitResults) {
  const Convolution conv{.n = 2, .c = 64, .h = 8, .w = 8, .k = 64, .r = 3, .s = 3, .dtype = DType::bf16};
  EXPECT_EQ(reduction_schemes(convolution_problem(conv, 72, Layout::preferred)),
            CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
}

TEST(MatmulDescriptors, AnySumsOfWideResults) {
  EXPECT_EQ(reduction_schemes(gemm_problem({.m = 8, .n = 8, .k = 8, .dtype = DType::bf16}, Layout::preferred)),
            CUBLASLT_REDUCTION_SCHEME_MASK);
}

}  // namespace
}  // namespace whygpu
