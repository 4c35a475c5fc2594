// Every strategy, instruction set and transpose on small integers, whose sums are exact: results are equal, not close.
#include "backends/simd/product.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "backends/devices/isa.h"
#include "backends/devices/thread_team.h"
#include "backends/dtypes.h"
#include "backends/simd/blocked.h"

namespace whygpu::simd {
namespace {

// A matrix of integers in [-5, 5] as the values of a dtype, in memory of exactly its size.
class Values {
 public:
  Values(DType dtype, std::int64_t rows, std::int64_t columns, std::int64_t stride, unsigned seed)
      : stride_(stride), integers_(rows * stride), bytes_(integers_.size() * dtype_bytes(dtype)) {
    std::mt19937 random(seed);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < stride; ++j) {
        const int value = static_cast<int>(random() % 11) - 5;
        integers_[i * stride + j] = value;
        write(dtype, i * stride + j, j < columns ? value : 99);  // between rows stands what must not be read
      }
    }
  }
  int at(std::int64_t row, std::int64_t column) const { return integers_[row * stride_ + column]; }
  const std::byte* data() const { return bytes_.data(); }

 private:
  void write(DType dtype, std::int64_t index, int value) {
    const auto put = [&](auto typed) { std::memcpy(bytes_.data() + index * sizeof typed, &typed, sizeof typed); };
    if (dtype == DType::f64) put(static_cast<double>(value));
    if (dtype == DType::f32) put(static_cast<float>(value));
    if (dtype == DType::bf16) put(BFloat16(static_cast<float>(value)));
    if (dtype == DType::s8) put(static_cast<std::int8_t>(value));
  }

  std::int64_t stride_;
  std::vector<int> integers_;
  std::vector<std::byte> bytes_;
};

double read(DType dtype, const std::vector<std::byte>& bytes, std::int64_t index) {
  const auto get = [&]<class T>(T typed) {
    std::memcpy(&typed, bytes.data() + index * sizeof typed, sizeof typed);
    return static_cast<double>(typed);
  };
  if (dtype == DType::f64) return get(0.0);
  return dtype == DType::s8 ? get(std::int32_t{0}) : get(0.0F);
}

// Rows are a few values apart, so that neither a row's end nor its start is aligned.
struct Case {
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false, accumulate = false;
  int gap = 0;  // values between rows
};

// Computes C, and compares all of it and what lies between its rows.
template <class Multiply>
void check(DType dtype, const Case& t, const Multiply& multiply) {
  SCOPED_TRACE(testing::Message() << dtype_name(dtype) << " " << t.m << "×" << t.n << "×" << t.k
                                  << (t.transpose_a ? " t" : " n") << (t.transpose_b ? "t" : "n")
                                  << (t.accumulate ? " added" : "") << " gap " << t.gap);
  const std::int64_t a_rows = t.transpose_a ? t.k : t.m, a_columns = t.transpose_a ? t.m : t.k;
  const std::int64_t b_rows = t.transpose_b ? t.n : t.k, b_columns = t.transpose_b ? t.k : t.n;
  const Shape shape{t.m,         t.n,           t.k,           a_columns + t.gap, b_columns + t.gap,
                    t.n + t.gap, t.transpose_a, t.transpose_b, t.accumulate};
  const DType sums = accumulator_of(dtype);
  const Values a(dtype, a_rows, a_columns, shape.lda, 1), b(dtype, b_rows, b_columns, shape.ldb, 2);
  const Values before(sums == DType::s32 ? DType::f32 : sums, t.m, t.n, shape.ldc, 3);
  std::vector<std::byte> c(t.m * shape.ldc * dtype_bytes(sums));
  for (std::int64_t i = 0; i < t.m * shape.ldc; ++i) {
    const int value = before.at(0, i);
    const auto put = [&](auto typed) { std::memcpy(c.data() + i * sizeof typed, &typed, sizeof typed); };
    if (sums == DType::s32) put(std::int32_t{value});
    if (sums == DType::f32) put(static_cast<float>(value));
    if (sums == DType::f64) put(static_cast<double>(value));
  }
  multiply(shape, a.data(), b.data(), c.data());
  for (std::int64_t i = 0; i < t.m; ++i) {
    for (std::int64_t j = 0; j < shape.ldc; ++j) {
      double expected = j >= t.n || t.accumulate ? before.at(i, j) : 0;
      for (std::int64_t p = 0; p < t.k && j < t.n; ++p) {
        expected += (t.transpose_a ? a.at(p, i) : a.at(i, p)) * (t.transpose_b ? b.at(j, p) : b.at(p, j));
      }
      ASSERT_EQ(read(dtype, c, i * shape.ldc + j), expected) << "at " << i << ", " << j;
    }
  }
}

class ProductOf : public testing::TestWithParam<const Kernels*> {
 protected:
  void SetUp() override {
    if (!kernels_.available(isa())) GTEST_SKIP() << "this processor has no " << kernels_.isa;
  }

  void check_all_strategies(const Case& t, HostThreads* threads = nullptr) {
    for (const Strategy strategy : {Strategy::in_place, Strategy::packed, Strategy::streamed, Strategy::dots}) {
      check_strategy(t, Method{strategy}, threads);
    }
  }
  void check_strategy(const Case& t, Method method, HostThreads* threads = nullptr) {
    check(kernels_.dtype, t, [&](const Shape& shape, const std::byte* a, const std::byte* b, std::byte* c) {
      if (method.strategy == Strategy::dots && shape.accumulate) method.strategy = Strategy::packed;
      if (!Product::obstacle(shape, kernels_, method.strategy).empty()) method.strategy = Strategy::packed;
      Product product(shape, kernels_, method, threads);
      product.run(a, b, c);
    });
  }

  const Kernels& kernels_ = *GetParam();
};

// All heights of a tile, and all widths around its vectors.
TEST_P(ProductOf, EveryTail) {
  const int panel = kernels_.panel_columns();
  for (int m = 1; m <= kernels_.rows + 1; ++m) {
    for (int n = 1; n <= panel + 1; ++n) check_all_strategies({m, n, 5, false, false});
  }
}

// Two tiles of different heights, whose wide tiles differ.
TEST_P(ProductOf, FewRowsOfManyColumns) {
  for (int m = 1; m <= 2 * kernels_.rows + 1; ++m) check_all_strategies({m, 12 * kernels_.lanes + 5, 70});
}

TEST_P(ProductOf, ManyRowsOfFewColumns) {
  for (const int n : {1, 3, kernels_.panel_columns(), 2 * kernels_.panel_columns()}) {
    check_all_strategies({5 * kernels_.rows + 1, n, 66, false, true});
    check_all_strategies({5 * kernels_.rows + 1, n, 66, true, false, true, 2});
  }
}

TEST_P(ProductOf, EveryDepthAndTranspose) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      for (int k = 1; k <= 2 * kernels_.lanes * kernels_.group + 1; ++k) {
        check_all_strategies({7, kernels_.lanes + 3, k, transpose_a, transpose_b, false, k % 3});
      }
    }
  }
}

TEST_P(ProductOf, SeveralBlocksOfEverything) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      check_all_strategies({130, 131, 1100, transpose_a, transpose_b, false, 1});
      check_all_strategies({3, 700, 1100, transpose_a, transpose_b, true, 1});
    }
  }
}

TEST_P(ProductOf, AddsToResult) {
  check_all_strategies({13, 45, 600, false, false, true});
  check_all_strategies({13, 45, 600, true, true, true, 5});
}

TEST_P(ProductOf, MoreThreadsThanWork) {
  for (const int threads : {2, 3, 8}) {
    ThreadTeam team(threads);
    check_all_strategies({100, 100, 100}, &team);
    check_all_strategies({1, 1000, 300}, &team);
    check_all_strategies({1000, 1, 300, false, true}, &team);
    check_all_strategies({9, 2000, 20, true, true, true}, &team);
  }
}

TEST_P(ProductOf, SingleRowsOfTiles) { check_strategy({25, 70, 40}, Method{Strategy::in_place, 1}); }

INSTANTIATE_TEST_SUITE_P(, ProductOf, testing::ValuesIn(all_kernels().begin(), all_kernels().end()),
                         [](const auto& info) {
                           return std::string(dtype_name(info.param->dtype)) + "_" + std::string(info.param->isa);
                         });

TEST(BlockedProduct, EveryTranspose) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      check(DType::f32, {70, 65, 130, transpose_a, transpose_b, false, 2},
            [](const Shape& shape, const std::byte* a, const std::byte* b, std::byte* c) {
              multiply_blocked(shape, reinterpret_cast<const float*>(a), reinterpret_cast<const float*>(b),
                               reinterpret_cast<float*>(c));
            });
    }
  }
}

TEST(Blocking, FitsIntoTheCaches) {
  const Caches caches{.l1 = 48 << 10, .l2 = 1 << 20, .l3 = 32 << 20};
  for (const Kernels* kernels : all_kernels()) {
    for (const std::int64_t size : {1, 100, 1024, 5000}) {
      const Blocking blocking = choose_blocking(*kernels, caches, size, size, size, 2);
      const std::int64_t row_bytes = (blocking.k + kernels->group - 1) / kernels->group * kernels->word_bytes;
      EXPECT_LE(row_bytes * (blocking.rows + 2 * kernels->panel_columns()), 1 << 20);
      EXPECT_LE(row_bytes * blocking.columns, 32 << 20);
      EXPECT_EQ(blocking.k % kernels->group, 0);
      EXPECT_EQ(blocking.rows % kernels->rows, 0);
      EXPECT_EQ(blocking.columns % kernels->panel_columns(), 0);
    }
  }
}

TEST(Blocking, GivesEveryThreadSeveralBlocks) {
  const Caches caches{.l1 = 48 << 10, .l2 = 1 << 20, .l3 = 32 << 20};
  for (const Kernels* kernels : all_kernels()) {
    const Blocking blocking = choose_blocking(*kernels, caches, 4096, 4096, 4096, 8);
    EXPECT_GE(4096 / blocking.rows, 8 * 3);
  }
}

}  // namespace
}  // namespace whygpu::simd
