#include "benchmarks/oracles/gemm_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/dtypes.h"
#include "benchmarks/oracles/random_input.h"

namespace whygpu {
namespace {

using testing::HasSubstr;

// A problem with a correct f32 (or s32) result, to be corrupted.
struct Solved {
  Gemm gemm;
  std::vector<std::byte> a, b;
  std::vector<float> c;

  explicit Solved(const Gemm& g) : gemm(g), c(g.m * g.n) {
    a = random_values(g.dtype, g.m * g.k, 1);
    b = random_values(g.dtype, g.k * g.n, 2);
    with_storage_type(g.dtype, [&]<class T>(T) {
      const auto* x = reinterpret_cast<const T*>(a.data());
      const auto* y = reinterpret_cast<const T*>(b.data());
      for (std::int64_t i = 0; i < g.m; ++i) {
        for (std::int64_t p = 0; p < g.k; ++p) {
          const auto left = static_cast<float>(x[g.transpose_a ? p * g.m + i : i * g.k + p]);
          for (std::int64_t j = 0; j < g.n; ++j) {
            c[i * g.n + j] += left * static_cast<float>(y[g.transpose_b ? j * g.k + p : p * g.n + j]);
          }
        }
      }
    });
  }

  Verdict check() const { return check_gemm(gemm, a.data(), b.data(), reinterpret_cast<const std::byte*>(c.data())); }
};

// One size below and one above the exhaustive limit, to test both checks.
class GemmOracle : public testing::TestWithParam<Gemm> {};

TEST_P(GemmOracle, AcceptsCorrectResult) {
  const Verdict verdict = Solved(GetParam()).check();
  EXPECT_EQ(verdict.status, Status::ok) << verdict.reason;
}

TEST_P(GemmOracle, OneWrongElement) {
  Solved solved(GetParam());
  for (const std::int64_t place :
       {std::int64_t{0}, solved.gemm.m * solved.gemm.n / 3, solved.gemm.m * solved.gemm.n - 1}) {
    const float right = solved.c[place];
    solved.c[place] += 0.5F;
    EXPECT_EQ(solved.check().status, Status::incorrect) << place;
    solved.c[place] = right;
  }
}

// Two matrices, each the same product; only the second is wrong.
TEST_P(GemmOracle, WrongInTheSecondMatrix) {
  const Solved one(GetParam());
  const auto twice = [](const auto& values) {
    auto both = values;
    both.insert(both.end(), values.begin(), values.end());
    return both;
  };
  Solved two = one;
  two.gemm.batch = 2;
  two.a = twice(one.a);
  two.b = twice(one.b);
  two.c = twice(one.c);
  EXPECT_EQ(two.check().status, Status::ok) << two.check().reason;
  two.c.back() += 0.5F;
  EXPECT_EQ(two.check().status, Status::incorrect);
}

TEST_P(GemmOracle, SwappedNeighbours) {
  Solved solved(GetParam());
  for (std::size_t place = 0; place + 1 < solved.c.size(); place += solved.c.size() / 7 + 1) {
    std::swap(solved.c[place], solved.c[place + 1]);
    EXPECT_EQ(solved.check().status, Status::incorrect) << place;
    std::swap(solved.c[place], solved.c[place + 1]);
  }
}

TEST_P(GemmOracle, ShiftedColumn) {
  Solved solved(GetParam());
  if (solved.c.size() == 1) GTEST_SKIP() << "one element cannot be shifted";
  std::rotate(solved.c.begin(), solved.c.begin() + 1, solved.c.end());
  EXPECT_EQ(solved.check().status, Status::incorrect);
}

TEST_P(GemmOracle, Bf16ClaimedAsF32) {
  Solved solved(GetParam());
  for (float& value : solved.c) value = static_cast<float>(BFloat16(value));
  EXPECT_EQ(solved.check().status, Status::incorrect);
}

TEST_P(GemmOracle, UnwrittenElement) {
  Solved solved(GetParam());
  solved.c.back() = std::numeric_limits<float>::quiet_NaN();
  const Verdict verdict = solved.check();
  EXPECT_EQ(verdict.status, Status::incorrect);
  EXPECT_THAT(verdict.reason, HasSubstr("was not written or is not a number"));
}

INSTANTIATE_TEST_SUITE_P(Shapes, GemmOracle,
                         testing::Values(Gemm{.m = 33, .n = 65, .k = 127}, Gemm{.m = 1, .n = 1, .k = 5000},
                                         Gemm{.m = 40, .n = 30, .k = 64, .transpose_a = true, .transpose_b = true},
                                         Gemm{.m = 200, .n = 170, .k = 160},
                                         Gemm{.m = 200, .n = 170, .k = 160, .transpose_a = true},
                                         Gemm{.m = 170, .n = 200, .k = 160, .transpose_b = true},
                                         Gemm{.m = 96, .n = 96, .k = 2000, .dtype = DType::bf16},
                                         Gemm{.m = 64, .n = 64, .k = 64, .dtype = DType::f16}));

// The result of a long sequential sum in f32 is correct, however many roundings it has.
TEST(GemmOracleTolerance, LongSums) {
  const Verdict verdict = Solved({.m = 8, .n = 8, .k = 200'000}).check();
  EXPECT_EQ(verdict.status, Status::ok) << verdict.reason;
}

// 100 roundings of |A||B| are too many for one element, and vanish in the norm of all 4096.
TEST(GemmOracleTolerance, SmallErrorOfOneElement) {
  Solved solved({64, 64, 64, 1, false, false, DType::f32});
  const auto *a = reinterpret_cast<const float*>(solved.a.data()), *b = reinterpret_cast<const float*>(solved.b.data());
  float bound = 0;
  for (int p = 0; p < 64; ++p) bound += std::abs(a[p] * b[p * 64]);
  solved.c[0] += 100 * 0x1p-24F * bound;
  EXPECT_EQ(solved.check().status, Status::incorrect);
}

// 8 roundings of |A||B| are few for one element, and too many for all 4096.
TEST(GemmOracleTolerance, SmallErrorOfEveryElement) {
  Solved solved({64, 64, 64, 1, false, false, DType::f32});
  const auto *a = reinterpret_cast<const float*>(solved.a.data()), *b = reinterpret_cast<const float*>(solved.b.data());
  for (int i = 0; i < 64; ++i) {
    for (int j = 0; j < 64; ++j) {
      float bound = 0;
      for (int p = 0; p < 64; ++p) bound += std::abs(a[i * 64 + p] * b[p * 64 + j]);
      solved.c[i * 64 + j] += 8 * 0x1p-24F * bound;
    }
  }
  const Verdict verdict = solved.check();
  EXPECT_EQ(verdict.status, Status::incorrect);
  EXPECT_THAT(verdict.reason, HasSubstr("of the whole"));
}

// 0.1 + 0.2 - 0.3 in f64 is off by as much as the exact sum of these values is large.
TEST(GemmOracleTolerance, SingleSumThatCancels) {
  const double a[] = {0.1, 0.2, -0.3}, b[] = {1, 1, 1}, c[] = {0.1 + 0.2 - 0.3};
  const Verdict verdict =
      check_gemm({.m = 1, .n = 1, .k = 3, .dtype = DType::f64}, reinterpret_cast<const std::byte*>(a),
                 reinterpret_cast<const std::byte*>(b), reinterpret_cast<const std::byte*>(c));
  EXPECT_EQ(verdict.status, Status::ok) << verdict.reason;
}

TEST(GemmOracleInteger, Exact) {
  for (const std::int64_t size : {16, 160}) {
    const Gemm gemm{.m = size, .n = size, .k = size, .dtype = DType::s8};
    const auto a = random_values(DType::s8, size * size, 1), b = random_values(DType::s8, size * size, 2);
    std::vector<std::int32_t> c(size * size);
    for (std::int64_t i = 0; i < size; ++i) {
      for (std::int64_t j = 0; j < size; ++j) {
        for (std::int64_t p = 0; p < size; ++p) {
          c[i * size + j] += static_cast<std::int8_t>(a[i * size + p]) * static_cast<std::int8_t>(b[p * size + j]);
        }
      }
    }
    const auto* answer = reinterpret_cast<const std::byte*>(c.data());
    EXPECT_EQ(check_gemm(gemm, a.data(), b.data(), answer).status, Status::ok);
    c[size + 3] += 1;
    EXPECT_EQ(check_gemm(gemm, a.data(), b.data(), answer).status, Status::incorrect);
    c[size + 3] = std::numeric_limits<std::int32_t>::max();
    EXPECT_THAT(check_gemm(gemm, a.data(), b.data(), answer).reason, HasSubstr("was not written"));
  }
}

}  // namespace
}  // namespace whygpu
