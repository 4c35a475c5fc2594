// Tests the products of every CPU backend against the oracle, over sizes that no tile divides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <thread>

#include "benchmarks/workloads/verify_cases.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class GemmBackend : public testing::TestWithParam<const char*> {
 protected:
  int verify(const std::string& line, int threads) { return verify_cases(GetParam(), line, threads); }

  void SetUp() override {
    if (!std::filesystem::exists(module_of(GetParam()))) GTEST_SKIP() << GetParam() << " was not built";
  }
};

INSTANTIATE_TEST_SUITE_P(, GemmBackend, testing::Values("naive", "openblas", "blis", "xsmm", "onednn", "simd"),
                         [](const auto& info) { return std::string(info.param); });

const std::string kAllTransposes = " trans=nn,nt,tn,tt";

TEST_P(GemmBackend, SmallOddSizes) {
  for (const std::string sizes : {"m=1 n=1 k=1", "m=2 n=3 k=1", "m=1 n=17 k=5", "m=19 n=1 k=7", "m=5 n=7 k=31",
                                  "m=23 n=23 k=23", "m=33 n=47 k=65", "m=64 n=64 k=64"}) {
    EXPECT_EQ(verify("gemm " + sizes + kAllTransposes, 1), 4) << sizes;
    EXPECT_EQ(verify("gemm " + sizes + kAllTransposes, 2), 4) << sizes;
  }
}

TEST_P(GemmBackend, SizesOffTheTiles) {
  for (const std::string sizes : {"m=65 n=64 k=64", "m=67 n=131 k=129", "m=200 n=17 k=203", "m=3 n=300 k=700"}) {
    EXPECT_EQ(verify("gemm " + sizes + kAllTransposes, 1), 4) << sizes;
    EXPECT_EQ(verify("gemm " + sizes + kAllTransposes, 2), 4) << sizes;
  }
}

TEST_P(GemmBackend, Batches) {
  for (const std::string sizes :
       {"m=3 n=5 k=7 batch=40", "m=16 n=24 k=33 batch=25", "m=70 n=70 k=71 batch=3", "m=83 n=90 k=89 batch=3"}) {
    EXPECT_EQ(verify("gemm " + sizes + kAllTransposes, 1), 4) << sizes;
    EXPECT_EQ(verify("gemm " + sizes + kAllTransposes, 2), 4) << sizes;
  }
}

// Threads that wait for work without sleeping would count as busy, and take other cases' CPU time.
TEST_P(GemmBackend, OneThreadLeavesNoOtherSpinning) {
  verify("gemm m=256 n=256 k=256", 2);
  const LoadedBackend backend(module_of(GetParam()), {1, 0});
  const std::clock_t before = std::clock();  // CPU time of all threads
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LT(static_cast<double>(std::clock() - before), 0.025 * CLOCKS_PER_SEC);
}

TEST_P(GemmBackend, SupportedDtypes) {
  const std::string dtypes = " dtype=f64,f32,tf32,f16,bf16,f8e4m3,s8";
  const int supported = verify("gemm m=32 n=48 k=32" + dtypes, 2);
  EXPECT_GE(supported, 1);
  EXPECT_EQ(verify("gemm m=66 n=70 k=130" + kAllTransposes + dtypes, 2), 4 * supported);
  EXPECT_EQ(verify("gemm m=20 n=6 k=18 batch=30" + kAllTransposes + dtypes, 2), 4 * supported);
}

TEST(BlisGemm, ImplementationName) {
  if (!std::filesystem::exists(module_of("blis"))) GTEST_SKIP() << "blis was not built";
  EXPECT_THAT(implementation_of("blis", "gemm m=8", 2), MatchesRegex("bli_sgemm, BLIS .*, .* kernels, threads=2"));
  EXPECT_THAT(implementation_of("blis", "gemm m=8 dtype=f64", 1), StartsWith("bli_dgemm, "));
}

TEST(XsmmGemm, ImplementationName) {
  if (!std::filesystem::exists(module_of("xsmm"))) GTEST_SKIP() << "xsmm was not built";
  const auto name = [](const std::string& line) { return implementation_of("xsmm", line, 2); };
  EXPECT_THAT(name("gemm m=64"), MatchesRegex("one kernel a product, libxsmm .*, .* JIT, threads=1"));
  EXPECT_THAT(name("gemm m=65 n=64 k=64"), StartsWith("blocked calls of kernels up to 64×64×64, libxsmm "));
  EXPECT_THAT(name("gemm m=200"), HasSubstr("threads=2"));
  EXPECT_THAT(name("gemm m=8 batch=2"), HasSubstr("threads=1"));
  EXPECT_THAT(name("gemm m=8 batch=2000"), HasSubstr("threads=2"));
  EXPECT_THAT(name("gemm m=8 trans=tn"), Not(HasSubstr("transposed")));
  EXPECT_THAT(name("gemm m=8 trans=nt"), HasSubstr("B transposed on every run"));
}

TEST(SimdGemm, ImplementationName) {
  if (!std::filesystem::exists(module_of("simd"))) GTEST_SKIP() << "simd was not built";
  const auto name = [](const std::string& line) { return implementation_of("simd", "gemm " + line, 2); };
  EXPECT_THAT(name("m=4 trans=nt"), HasSubstr("straight scalar code"));
#ifdef __x86_64__
  const std::string least = "avx2";
#else
  const std::string least = "neon";
#endif
  EXPECT_THAT(name("m=4 variant=" + least), HasSubstr(least));
  EXPECT_THAT(name("m=5"), AllOf(HasSubstr("one tile"), HasSubstr("threads=1")));
  EXPECT_THAT(name("m=2 n=200 k=200"), AllOf(HasSubstr("2×"), HasSubstr("rows of B side by side in place")));
  EXPECT_THAT(name("m=2 n=4000 k=4000"), AllOf(HasSubstr("packed beforehand"), HasSubstr("threads=2")));
  EXPECT_THAT(name("m=40 n=50 k=100"), HasSubstr("the last 2 apart"));
  EXPECT_THAT(name("m=200"), AllOf(HasSubstr("read in place"), HasSubstr("threads=2")));
  EXPECT_THAT(name("m=131 n=144 k=23 trans=nt"), AllOf(HasSubstr("A read in place"), HasSubstr("packed beforehand")));
  EXPECT_THAT(name("m=2 n=50 k=5000 trans=nt"), HasSubstr("dot products"));
  EXPECT_THAT(name("m=300 n=300 k=300 trans=nt"), HasSubstr("packed beforehand"));
  EXPECT_THAT(name("m=300 n=300 k=300 trans=nt variant=packed"),
              AllOf(HasSubstr("threads=1"), Not(HasSubstr("before"))));
  EXPECT_THAT(name("m=300 n=1 k=300"), HasSubstr("C computed as a row"));
  EXPECT_THAT(name("m=100 n=1 k=20"), HasSubstr("dot products"));
  EXPECT_THAT(name("m=5 n=1 k=3"), HasSubstr("one tile"));
  EXPECT_THAT(name("m=8 variant=blocked"), HasSubstr("scalar loops"));
}

TEST(SimdGemm, RefusedVariants) {
  if (!std::filesystem::exists(module_of("simd"))) GTEST_SKIP() << "simd was not built";
  const LoadedBackend backend(module_of("simd"), {1, 0});
  const auto reason = [&](const std::string& line) {
    const Case c = parse_case(line);
    return find_workload(c.workload).supports(c, *backend).reason;
  };
  EXPECT_THAT(reason("gemm m=8 variant=fast"), HasSubstr("no variant \"fast\" for f32; instruction sets are "));
  EXPECT_THAT(reason("gemm m=8 trans=nt variant=tiled"), HasSubstr("a transposed B must be packed"));
  EXPECT_THAT(reason("gemm m=8 dtype=s8 variant=tiled"), HasSubstr("packed operands only"));
  EXPECT_THAT(reason("gemm m=8 dtype=f16"), HasSubstr("no f16 kernels"));
  EXPECT_THAT(reason("convolution n=1 c=8 h=8 w=8 k=8 r=3 s=3 variant=fast"), HasSubstr("no variant \"fast\""));
}

TEST(XsmmGemm, RefusedDtypes) {
  if (!std::filesystem::exists(module_of("xsmm"))) GTEST_SKIP() << "xsmm was not built";
  const LoadedBackend backend(module_of("xsmm"), {1, 0});
  const auto reason = [&](const std::string& line) {
    return find_workload("gemm").supports(parse_case(line), *backend).reason;
  };
  EXPECT_EQ(reason("gemm m=8 dtype=s8"), "libxsmm multiplies s8 by u8 only");
  EXPECT_THAT(reason("gemm m=8 n=8 k=7 dtype=bf16"), Not(testing::IsEmpty()));
}

}  // namespace
}  // namespace whygpu
