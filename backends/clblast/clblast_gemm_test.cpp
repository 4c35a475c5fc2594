#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "backends/clblast/clblast_test_context.h"

namespace whygpu::clblast_backend {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

class ClblastGemmTest : public ClblastTest {};

template <class T>
std::vector<T> product(const Gemm& g, const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> c;
  for (std::int64_t batch = 0; batch < g.batch; ++batch) {
    const T* from_a = a.data() + batch * g.m * g.k;
    const T* from_b = b.data() + batch * g.k * g.n;
    for (std::int64_t i = 0; i < g.m; ++i) {
      for (std::int64_t j = 0; j < g.n; ++j) {
        T sum = 0;
        for (std::int64_t p = 0; p < g.k; ++p) {
          sum += from_a[g.transpose_a ? p * g.m + i : i * g.k + p] * from_b[g.transpose_b ? j * g.k + p : p * g.n + j];
        }
        c.push_back(sum);
      }
    }
  }
  return c;
}

template <class T>
void expect_exact(Context& context, const Gemm& gemm, bool views = false) {
  ASSERT_TRUE(supports(context, gemm));
  const auto operation = prepare(context, gemm);
  const auto a = small_integers<T>(gemm.batch * gemm.m * gemm.k, 1),
             b = small_integers<T>(gemm.batch * gemm.k * gemm.n, 2);
  const std::vector<T> c(static_cast<std::size_t>(gemm.batch * gemm.m * gemm.n));
  EXPECT_EQ(result_of<T>(context, *operation, {a, b, c}, 2, views), product(gemm, a, b)) << operation->implementation();
}

TEST_F(ClblastGemmTest, Transposes) {
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      expect_exact<float>(context(), {.m = 17, .n = 19, .k = 23, .transpose_a = ta, .transpose_b = tb});
    }
  }
}

// Large enough for the kernel that works on padded copies.
TEST_F(ClblastGemmTest, LargeTransposes) {
  for (const bool transpose : {false, true}) {
    expect_exact<float>(context(), {.m = 300, .n = 257, .k = 270, .transpose_a = transpose, .transpose_b = !transpose});
  }
}

TEST_F(ClblastGemmTest, ViewsWithOffsets) {
  expect_exact<float>(context(), {.m = 33, .n = 20, .k = 40, .transpose_b = true}, true);
  expect_exact<float>(context(), {.m = 256, .n = 256, .k = 256}, true);
}

TEST_F(ClblastGemmTest, StridedBatch) {
  expect_exact<float>(context(), {.m = 9, .n = 12, .k = 7, .batch = 5, .transpose_a = true});
}

TEST_F(ClblastGemmTest, F64) {
  const Gemm gemm{.m = 30, .n = 31, .k = 32, .transpose_b = true, .dtype = DType::f64};
  if (!supports(context(), gemm)) GTEST_SKIP() << supports(context(), gemm).reason;
  expect_exact<double>(context(), gemm);
}

TEST_F(ClblastGemmTest, RefusesWithReason) {
  const auto why_not = [&](const Gemm& gemm) { return supports(context(), gemm).reason; };
  EXPECT_EQ(why_not({.m = 8, .n = 8, .k = 8, .dtype = DType::bf16}), "CLBlast has no bf16 GEMM");
  EXPECT_EQ(why_not({.m = 8, .n = 8, .k = 8, .dtype = DType::f16}),
            context().device.has_extension("cl_khr_fp16") ? "" : "this device has no f16 (cl_khr_fp16)");
  EXPECT_THAT(why_not({.m = 1 << 24, .n = 8, .k = 1 << 20}), HasSubstr("above this driver's largest allocation"));
}

TEST_F(ClblastGemmTest, ImplementationSaysWhetherTuned) {
  const auto operation = prepare(context(), Gemm{.m = 64, .n = 64, .k = 64});
  EXPECT_THAT(operation->implementation(), AllOf(StartsWith("CLBlast SGEMM, "), HasSubstr("tuned"), HasSubstr("MWG=")));
  EXPECT_THAT(version(), testing::MatchesRegex("CLBlast [0-9]+\\.[0-9.]+"));
}

// Names fill 50 characters in the library's database.
TEST(ClblastTuning, NameInDatabase) {
  const auto file = std::filesystem::path(testing::TempDir()) / "clblast_database";
  const auto padded = [](std::string name) {
    name.resize(50, ' ');
    return name;
  };
  std::ofstream(file) << "code" << padded("AMD Radeon RX 480") << padded("default") << "more";
  EXPECT_EQ(tuning("AMD Radeon RX 480", file), "tuned for this device");
  EXPECT_EQ(tuning("AMD Radeon RX 48", file),
            "untuned for this device (no entry \"AMD Radeon RX 48\" in its database)");
  EXPECT_EQ(tuning("AMD Radeon RX 480", "/nowhere"), "database entry not known");
  std::ofstream(file) << "a database of another kind";
  EXPECT_EQ(tuning("AMD Radeon RX 480", file), "database entry not known");
}

TEST_F(ClblastGemmTest, DatabaseOfInstalledLibrary) {
  EXPECT_THAT(context().tuned, HasSubstr("tuned for this device"));
}

TEST(ClblastStatus, OwnAndOpenClNames) {
  const auto failing = [](clblast::StatusCode status) { return [status] { check(status, "CLBlast SGEMM"); }; };
  EXPECT_NO_THROW(check(clblast::StatusCode::kSuccess, ""));
  EXPECT_THAT(
      failing(clblast::StatusCode::kInvalidLocalMemUsage),
      ThrowsMessage<std::runtime_error>(AllOf(StartsWith("CLBlast SGEMM: "), HasSubstr("kInvalidLocalMemUsage"))));
  EXPECT_THAT(failing(static_cast<clblast::StatusCode>(-2)),
              ThrowsMessage<std::runtime_error>("CLBlast SGEMM: device not available (CL_DEVICE_NOT_AVAILABLE)"));
}

}  // namespace
}  // namespace whygpu::clblast_backend
