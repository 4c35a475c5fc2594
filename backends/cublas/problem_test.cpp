// Multiplies the column-major problem in plain loops, as cuBLASLt's documentation defines it, and compares with the
// row-major definition.
#include "backends/cublas/problem.h"

#include <gmock/gmock.h>

#include <random>

namespace whygpu {
namespace {

// result(i, j) = Σ op(first)(i, l) · op(second)(l, j), where element (i, j) of a matrix is at i + j·leading_dimension.
template <class In, class Out>
void multiply_column_major(const ColumnMajorProblem& p, std::int64_t batch, const In* first, const In* second,
                           Out* result) {
  const std::int64_t inner = p.transpose_first ? p.first.rows : p.first.columns;
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t i = 0; i < p.result.rows; ++i) {
      for (std::int64_t j = 0; j < p.result.columns; ++j) {
        Out sum = 0;
        for (std::int64_t l = 0; l < inner; ++l) {
          const std::int64_t f =
              p.transpose_first ? l + i * p.first.leading_dimension : i + l * p.first.leading_dimension;
          const std::int64_t s =
              p.transpose_second ? j + l * p.second.leading_dimension : l + j * p.second.leading_dimension;
          sum += static_cast<Out>(first[b * p.first.batch_stride + f]) *
                 static_cast<Out>(second[b * p.second.batch_stride + s]);
        }
        result[b * p.result.batch_stride + i + j * p.result.leading_dimension] = sum;
      }
    }
  }
}

template <class T>
std::vector<T> random_values(std::int64_t count) {
  static std::mt19937 random(7);
  std::uniform_int_distribution<int> uniform(-9, 9);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (auto& value : values) value = static_cast<T>(uniform(random));
  return values;
}

template <class In, class Out>
std::vector<Out> multiply_row_major(const Gemm& g, const std::vector<In>& a, const std::vector<In>& b) {
  std::vector<Out> c(static_cast<std::size_t>(g.batch * g.m * g.n));
  for (std::int64_t batch = 0; batch < g.batch; ++batch) {
    for (std::int64_t i = 0; i < g.m; ++i) {
      for (std::int64_t j = 0; j < g.n; ++j) {
        for (std::int64_t l = 0; l < g.k; ++l) {
          const auto from_a = static_cast<std::size_t>(batch * g.m * g.k + (g.transpose_a ? l * g.m + i : i * g.k + l));
          const auto from_b = static_cast<std::size_t>(batch * g.k * g.n + (g.transpose_b ? j * g.k + l : l * g.n + j));
          c[static_cast<std::size_t>((batch * g.m + i) * g.n + j)] +=
              static_cast<Out>(a[from_a]) * static_cast<Out>(b[from_b]);
        }
      }
    }
  }
  return c;
}

template <class T>
std::vector<T> stored(const PaddedLayout& layout, const std::vector<T>& values) {
  std::vector<T> stored(layout.bytes() / sizeof(T));
  pad(layout, values.data(), std::as_writable_bytes(std::span(stored)));
  return stored;
}

template <class In, class Out>
void expect_same_product(const Gemm& g) {
  const auto a = random_values<In>(g.batch * g.m * g.k), b = random_values<In>(g.batch * g.k * g.n);
  const auto stored_a = stored(gemm_layout(g, 0), a), stored_b = stored(gemm_layout(g, 1), b);
  std::vector<Out> stored_c(gemm_layout(g, 2).bytes() / sizeof(Out));
  multiply_column_major(column_major(gemm_problem(g)), g.batch, stored_b.data(), stored_a.data(), stored_c.data());
  std::vector<Out> c(static_cast<std::size_t>(g.batch * g.m * g.n));
  unpad(gemm_layout(g, 2), std::as_bytes(std::span(stored_c)), c.data());
  EXPECT_EQ(c, (multiply_row_major<In, Out>(g, a, b)));
}

TEST(GemmProblem, Transposes) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      Gemm gemm{.m = 17, .n = 5, .k = 33, .batch = 2, .transpose_a = transpose_a, .transpose_b = transpose_b};
      expect_same_product<float, float>(gemm);
      gemm.dtype = DType::s8;
      expect_same_product<std::int8_t, std::int32_t>(gemm);
    }
  }
}

TEST(GemmProblem, PaddingByDtype) {
  const Gemm gemm{.m = 1, .n = 16, .k = 17, .dtype = DType::f8e4m3};
  const MatmulProblem padded = gemm_problem(gemm);
  EXPECT_EQ(padded.a.rows, 16);
  EXPECT_EQ(padded.a.pitch, 32);
  EXPECT_EQ(padded.b.rows, 16);
  EXPECT_EQ(gemm_problem({.m = 1, .n = 16, .k = 17, .dtype = DType::bf16}).a.pitch, 17);
}

TEST(ConvolutionProblem, GroupsAsBatch) {
  const Convolution conv{.n = 2, .c = 6, .h = 8, .w = 8, .k = 4, .r = 3, .s = 3, .groups = 2, .dtype = DType::bf16};
  const MatmulProblem problem = convolution_problem(conv, 10);
  EXPECT_EQ(problem.batch, 2);
  EXPECT_EQ(problem.a.columns, 27);
  EXPECT_EQ(problem.a.batch_stride, 270);
  EXPECT_EQ(problem.b.rows, 2);
  EXPECT_EQ(problem.c.pitch, 4);
  EXPECT_EQ(problem.c.batch_stride, 2);
  EXPECT_EQ(problem.c.alignment, 4U);  // the second group starts two bf16 values later
}

TEST(ConvolutionProblem, PointwiseWithoutColumns) {
  Convolution conv{.n = 2, .c = 6, .h = 8, .w = 8, .k = 4, .r = 1, .s = 1};
  EXPECT_TRUE(is_pointwise(conv));
  EXPECT_EQ(convolution_problem(conv, 128).a.pitch, 6);
  conv.pad_w = 1;
  EXPECT_FALSE(is_pointwise(conv));
}

}  // namespace
}  // namespace whygpu
