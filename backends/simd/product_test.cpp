// Every strategy, instruction set and transpose on small integers, whose sums are exact: results are equal, not close.
#include "backends/simd/product.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <vector>

#include "backends/devices/isa.h"
#include "backends/devices/thread_team.h"
#include "backends/dtypes.h"
#include "backends/simd/amx_emulated.h"
#include "backends/simd/blocked.h"
#include "backends/simd/epilogue.h"
#include "backends/simd/tiny.h"

namespace whygpu::simd {
namespace {

// Stores `value` as element `index` of a buffer.
void write(DType dtype, std::vector<std::byte>& bytes, std::int64_t index, int value) {
  const auto put = [&](auto typed) { std::memcpy(bytes.data() + index * sizeof typed, &typed, sizeof typed); };
  if (dtype == DType::f64) put(static_cast<double>(value));
  if (dtype == DType::f32) put(static_cast<float>(value));
  if (dtype == DType::bf16) put(BFloat16(static_cast<float>(value)));
  if (dtype == DType::s8) put(static_cast<std::int8_t>(value));
  if (dtype == DType::s32) put(std::int32_t{value});
}

// A matrix of integers in [-5, 5] as the values of a dtype, in memory of exactly its size. Between rows stands what
// must be neither read nor overwritten.
struct Integers {
  Integers(DType dtype, std::int64_t rows, std::int64_t columns, std::int64_t stride, unsigned seed)
      : stride(stride), integers(rows * stride), bytes(integers.size() * dtype_bytes(dtype)) {
    std::mt19937 random(seed);
    for (std::int64_t i = 0; i < rows * stride; ++i) {
      integers[i] = i % stride < columns ? static_cast<int>(random() % 11) - 5 : 99;
      write(dtype, bytes, i, integers[i]);
    }
  }
  int at(std::int64_t row, std::int64_t column) const { return integers[row * stride + column]; }

  std::int64_t stride;
  std::vector<int> integers;
  std::vector<std::byte> bytes;
};

struct Case {
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false, accumulate = false;
  int gap = 0;  // values between rows, so that neither a row's start nor its end is aligned
};

// A product and its result, which several implementations must equal.
class Problem {
 public:
  Problem(DType dtype, const Case& t)
      : case_(t),
        sums_(accumulator_of(dtype)),
        shape_{t.m,
               t.n,
               t.k,
               (t.transpose_a ? t.m : t.k) + t.gap,
               (t.transpose_b ? t.k : t.n) + t.gap,
               t.n + t.gap,
               t.transpose_a,
               t.transpose_b,
               t.accumulate},
        a_(dtype, t.transpose_a ? t.k : t.m, t.transpose_a ? t.m : t.k, shape_.lda, 1),
        b_(dtype, t.transpose_b ? t.n : t.k, t.transpose_b ? t.k : t.n, shape_.ldb, 2),
        before_(sums_, t.m, t.n, shape_.ldc, 3),
        expected_(before_.bytes.size()) {
    std::vector<int> row(shape_.ldc);
    for (std::int64_t i = 0; i < t.m; ++i) {
      for (std::int64_t j = 0; j < shape_.ldc; ++j) row[j] = j >= t.n || t.accumulate ? before_.at(i, j) : 0;
      for (std::int64_t p = 0; p < t.k; ++p) {
        const int value = t.transpose_a ? a_.at(p, i) : a_.at(i, p);
        for (std::int64_t j = 0; j < t.n; ++j) row[j] += value * (t.transpose_b ? b_.at(j, p) : b_.at(p, j));
      }
      for (std::int64_t j = 0; j < shape_.ldc; ++j) write(sums_, expected_, i * shape_.ldc + j, row[j]);
    }
  }

  const Shape& shape() const { return shape_; }

  // Compares all of C, and what lies between its rows.
  template <class Multiply>
  void check(const Multiply& multiply) const {
    std::vector<std::byte> c = before_.bytes;
    multiply(shape_, a_.bytes.data(), b_.bytes.data(), c.data());
    const std::size_t size = dtype_bytes(sums_);
    for (std::size_t i = 0; i < c.size() / size; ++i) {
      ASSERT_EQ(std::memcmp(c.data() + i * size, expected_.data() + i * size, size), 0)
          << dtype_name(sums_) << " " << case_.m << "×" << case_.n << "×" << case_.k
          << (case_.transpose_a ? " t" : " n") << (case_.transpose_b ? "t" : "n") << (case_.accumulate ? " added" : "")
          << " gap " << case_.gap << ", at " << i / shape_.ldc << ", " << i % shape_.ldc;
    }
  }

  // Against the product alone, which is exact.
  void check_epilogue(Product& product) const {
    const Integers bias(sums_, 1, case_.n, case_.n, 4), residual(sums_, case_.m, case_.n, shape_.ldc, 5);
    for (const bool relu : {false, true}) {
      for (const bool add : {false, true}) {
        std::vector<std::byte> c = before_.bytes;
        const Epilogue epilogue{bias.bytes.data(), add ? residual.bytes.data() : nullptr, relu};
        product.run(a_.bytes.data(), b_.bytes.data(), c.data(), &epilogue);
        for (std::int64_t i = 0; i < case_.m; ++i) {
          for (std::int64_t j = 0; j < case_.n; ++j) {
            const double sum = read(expected_, i * shape_.ldc + j) + bias.at(0, j);
            const double expected = (relu ? std::max(sum, 0.0) : sum) + (add ? residual.at(i, j) : 0);
            ASSERT_EQ(read(c, i * shape_.ldc + j), expected)
                << product.describe() << (relu ? " relu" : "") << (add ? " residual" : "") << " at " << i << ", " << j;
          }
        }
      }
    }
  }

 private:
  double read(const std::vector<std::byte>& values, std::int64_t index) const {
    const auto get = [&](auto typed) {
      std::memcpy(&typed, values.data() + index * sizeof typed, sizeof typed);
      return static_cast<double>(typed);
    };
    return sums_ == DType::f64 ? get(double{}) : get(float{});
  }

  Case case_;
  DType sums_;
  Shape shape_;
  Integers a_, b_, before_;
  std::vector<std::byte> expected_;
};

class ProductOf : public testing::TestWithParam<const Kernels*> {
 protected:
  void SetUp() override {
    if (!kernels_.available(isa())) GTEST_SKIP() << "this processor has no " << kernels_.isa;
  }

  void check_all_strategies(const Case& t, HostThreads* threads = nullptr) {
    const Problem problem(kernels_.dtype, t);
    for (const Strategy strategy : {Strategy::in_place, Strategy::packed, Strategy::streamed, Strategy::dots}) {
      check_method(problem, Method{strategy}, threads);
    }
    check_method(problem, {.strategy = Strategy::packed, .a_in_place = true}, threads);
  }
  void check_method(const Problem& problem, Method method, HostThreads* threads = nullptr) {
    if (!Product::obstacle(problem.shape(), kernels_, method.strategy).empty()) return;
    problem.check([&](const Shape& shape, const std::byte* a, const std::byte* b, std::byte* c) {
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

// C in whole rows: more than two L2 caches of it.
TEST_P(ProductOf, ShortSumsInALargeResult) {
  const auto least = static_cast<int>(2 * caches().l2) / kernels_.sum_bytes;
  for (const int k : {1, 4}) {
    ThreadTeam team(3);
    for (const int n : {1031, 1536}) {
      check_all_strategies({least / n + 2, n, k, false, false});
      check_all_strategies({least / n + 3, n, k, true, false, true}, &team);
    }
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

// More columns of B than L3's block has.
TEST_P(ProductOf, SeveralBlocksOfColumns) {
  const int rows = 2 * kernels_.rows, columns = (8 << 20) / (1024 * kernels_.word_bytes) + 40;
  check_method(Problem(kernels_.dtype, {rows, columns, 1024 * kernels_.group}), {Strategy::packed});
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

// More threads than vectors of columns: each takes a part of k.
TEST_P(ProductOf, LongSumsOfFewRowsAndColumns) {
  ThreadTeam team(3);
  for (const auto& [m, n] : {std::array{1, 1}, {7, 11}, {kernels_.rows + 4, kernels_.lanes}}) {
    for (const bool accumulate : {false, true}) {
      check_all_strategies({m, n, 3 * 8192 + 5, false, false, accumulate}, &team);
      check_all_strategies({m, n, 3 * 8192 + 5, true, false, accumulate, 1}, &team);
    }
  }
}

TEST_P(ProductOf, SingleRowsOfTiles) {
  check_method(Problem(kernels_.dtype, {25, 70, 40}), Method{Strategy::in_place, 1});
}

TEST_P(ProductOf, PackedBeforehand) {
  for (const bool transpose_b : {false, true}) {
    const Problem problem(kernels_.dtype, {50, 2 * kernels_.panel_columns() + 1, 1100, false, transpose_b});
    for (const bool tail_apart : {false, true}) {
      problem.check([&](const Shape& shape, const std::byte* a, const std::byte* b, std::byte* c) {
        ThreadTeam team(2);
        Product product(shape, kernels_, {.strategy = Strategy::packed, .tail_apart = tail_apart}, &team);
        std::vector<std::byte> packed(product.packed_b_bytes());
        product.pack_all_of_b(b, packed.data());
        product.run_on_packed_b(a, packed.data(), c);
      });
    }
  }
}

// Of 1 to 4 columns after some vectors, with sums long enough; A's rows are dotted, or its columns are vectors.
TEST_P(ProductOf, TailApart) {
  if (kernels_.dots[0][0] == nullptr || !kernels_.reads_b) GTEST_SKIP() << "these kernels have no such tail";
  ThreadTeam team(3);
  int apart = 0;
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      for (const int columns : {1, 2, 3, 4, 5}) {
        for (const int rows : {9, 130, 4096 / kernels_.value_bytes + 7}) {
          const Case t{rows, 2 * kernels_.lanes + columns, 150 + columns, transpose_a, transpose_b, false, columns % 3};
          const Problem problem(kernels_.dtype, t);
          apart += TailColumns::count(problem.shape(), kernels_) > 0 ? 1 : 0;
          for (const Strategy strategy : {Strategy::in_place, Strategy::packed}) {
            check_method(problem, {.strategy = strategy, .tail_apart = true});
            check_method(problem, {.strategy = strategy, .tail_apart = true}, &team);
          }
        }
      }
    }
  }
  EXPECT_GT(apart, 20);
}

// By every strategy, with sums in one block of k and in several.
TEST_P(ProductOf, EpilogueOfEveryPart) {
  if (kernels_.apply_epilogue == nullptr) GTEST_SKIP() << "these kernels have no epilogue";
  ThreadTeam team(3);
  for (const bool transpose_b : {false, true}) {
    for (const auto& [m, n, k] :
         {std::array{3, 5, 7}, {25, 70, 40}, {130, 131, 1100}, {3, 700, 1100}, {1000, 1, 300}, {5, 3, 25000}}) {
      const Problem problem(kernels_.dtype, {m, n, k, false, transpose_b});
      for (const Strategy strategy : {Strategy::in_place, Strategy::packed, Strategy::streamed, Strategy::dots}) {
        if (!Product::obstacle(problem.shape(), kernels_, strategy).empty()) continue;
        Product product(problem.shape(), kernels_, {.strategy = strategy, .tail_apart = true}, &team);
        problem.check_epilogue(product);
      }
    }
  }
}

std::vector<const Kernels*> all_and_emulated() {
  std::vector<const Kernels*> all(all_kernels().begin(), all_kernels().end());
  all.insert(all.end(), {&kEmulatedAmxBf16, &kEmulatedAmxS8});
  return all;
}

INSTANTIATE_TEST_SUITE_P(, ProductOf, testing::ValuesIn(all_and_emulated()), [](const auto& info) {
  return std::string(dtype_name(info.param->dtype)) + "_" + std::string(info.param->isa);
});

TEST(TinyProduct, EveryShapeAndTranspose) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const int most = dtype == DType::f32 ? 4 : 3;
    for (int i = 0; i < most * most * most * 4; ++i) {
      const int transposes = i % 4, m = i / 4 / most / most + 1, n = i / 4 / most % most + 1, k = i / 4 % most + 1;
      const Problem problem(dtype, {m, n, k, transposes >= 2, transposes % 2 == 1});
      problem.check([&](const Shape& shape, const std::byte* a, const std::byte* b, std::byte* c) {
        const MultiplyTiny multiply = tiny_product(dtype, shape);
        ASSERT_NE(multiply, nullptr);
        multiply(a, b, c);
      });
    }
  }
}

TEST(TinyProduct, NoneForOthers) {
  const auto has = [](DType dtype, const Case& t) {
    return tiny_product(dtype, Problem(DType::f32, t).shape()) != nullptr;
  };
  EXPECT_TRUE(has(DType::f32, {4, 4, 4}));
  EXPECT_FALSE(has(DType::f64, {4, 4, 4}));
  EXPECT_FALSE(has(DType::bf16, {2, 3, 1}));
  EXPECT_FALSE(has(DType::f32, {5, 3, 1}));
  EXPECT_FALSE(has(DType::f32, {2, 5, 1}));
  EXPECT_FALSE(has(DType::f32, {2, 3, 5}));
  EXPECT_FALSE(has(DType::f32, {2, 3, 1, false, false, true}));
  EXPECT_FALSE(has(DType::f32, {2, 3, 1, false, false, false, 1}));
}

TEST(BlockedProduct, EveryTranspose) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      Problem(DType::f32, {70, 65, 130, transpose_a, transpose_b, false, 2})
          .check([](const Shape& shape, const std::byte* a, const std::byte* b, std::byte* c) {
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

// Whole ways of L2 for A, and half of the TLB for B where its pages are small.
TEST(Blocking, WaysAndTranslatedPages) {
  const Kernels& kernels = **std::ranges::find(all_kernels(), DType::f32, &Kernels::dtype);
  Caches caches{.l1 = 48 << 10, .l2 = 1280 << 10, .l3 = 64 << 20, .l2_ways = 20, .small_pages = 2 << 20};
  const auto a_bytes = [](const Blocking& blocking) { return blocking.rows * blocking.k * 4; };
  EXPECT_LE(a_bytes(choose_blocking(kernels, caches, 5000, 5000, 5000, 1)), 7 * (64 << 10));
  EXPECT_GT(a_bytes(choose_blocking(kernels, caches, 5000, 5000, 5000, 1)), 6 * (64 << 10));
  const Blocking in_huge_pages = choose_blocking(kernels, caches, 5000, 5000, 5000, 1);
  caches.huge_pages = false;
  const Blocking in_small_pages = choose_blocking(kernels, caches, 5000, 5000, 5000, 1);
  EXPECT_GT(in_huge_pages.columns * in_huge_pages.k * 4, 1 << 20);
  EXPECT_LE(in_small_pages.columns * in_small_pages.k * 4, 1 << 20);
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
