// Multiplies the column-major problem in plain loops, as cuBLASLt's documentation defines it, and compares with the
// row-major definition.
#include "backends/cublas/problem.h"

#include <gmock/gmock.h>

#include <random>

#include "backends/cublas/packed_host.h"

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
std::vector<T> stored(const PackedLayout& layout, const std::vector<T>& values) {
  return layout.is_plain() ? values : pack_on_host(layout, values);
}

template <class In, class Out>
void expect_same_product(const Gemm& g) {
  const auto a = random_values<In>(g.batch * g.m * g.k), b = random_values<In>(g.batch * g.k * g.n);
  const auto stored_a = stored(gemm_layout(g, 0), a), stored_b = stored(gemm_layout(g, 1), b);
  const PackedLayout layout = gemm_layout(g, 2);
  std::vector<Out> c(layout.bytes() / sizeof(Out));
  const MatmulProblem problem = gemm_problem(g, Layout::preferred);
  multiply_column_major(column_major(problem), g.batch, stored_b.data(), stored_a.data(), c.data());
  if (!layout.is_plain()) c = unpack_on_host(layout, c);
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
  const MatmulProblem padded = gemm_problem(gemm, Layout::preferred);
  EXPECT_EQ(padded.a.rows, 16);
  EXPECT_EQ(padded.a.pitch, 32);
  EXPECT_EQ(padded.b.rows, 16);
  EXPECT_EQ(gemm_problem({.m = 1, .n = 16, .k = 17, .dtype = DType::bf16}, Layout::preferred).a.pitch, 17);
}

// Operands that already run along k in rows of 16 bytes are not copied.
TEST(GemmProblem, PackedOnlyIfNecessary) {
  const auto packed = [](const Gemm& gemm) {
    std::string text;
    for (int i = 0; i < 3; ++i) text += gemm_layout(gemm, i).is_plain() ? '-' : "ABC"[i];
    return text;
  };
  EXPECT_EQ(packed({.m = 32, .n = 48, .k = 64, .transpose_b = true, .dtype = DType::s8}), "---");
  EXPECT_EQ(packed({.m = 32, .n = 48, .k = 64, .dtype = DType::s8}), "-B-");
  EXPECT_EQ(packed({.m = 32, .n = 48, .k = 64, .transpose_a = true, .dtype = DType::f8e4m3}), "AB-");
  EXPECT_EQ(packed({.m = 32, .n = 48, .k = 63, .transpose_b = true, .dtype = DType::s8}), "AB-");
  EXPECT_EQ(packed({.m = 32, .n = 47, .k = 64, .transpose_b = true, .dtype = DType::s8}), "-BC");
}

// The device guarantees 64 bytes for parts of an allocation, which networks share.
TEST(GemmProblem, AlignmentByLayout) {
  const Gemm gemm{.m = 32, .n = 48, .k = 64};
  EXPECT_EQ(gemm_problem(gemm, Layout::preferred).b.alignment, 256U);
  EXPECT_EQ(gemm_problem(gemm, Layout::row_major).b.alignment, 64U);
  EXPECT_EQ(gemm_problem(gemm, Layout::row_major).c.alignment, 64U);
}

TEST(MatmulProblem, RoundedSums) {
  const Convolution conv{.n = 2, .c = 6, .h = 8, .w = 8, .k = 4, .r = 3, .s = 3, .dtype = DType::bf16};
  const auto rounds = [](const Convolution& conv) {
    return result_rounds_sums(convolution_problem(conv, 72, Layout::preferred));
  };
  EXPECT_TRUE(rounds(conv));
  Convolution other = conv;
  other.dtype = DType::f32;
  EXPECT_FALSE(rounds(other));
  other = conv;
  other.pass = Pass::backward_weights;  // f32 gradients
  EXPECT_FALSE(rounds(other));
  EXPECT_FALSE(result_rounds_sums(gemm_problem({.m = 8, .n = 8, .k = 8, .dtype = DType::f16}, Layout::preferred)));
}

TEST(ConvolutionProblem, GroupsAsBatch) {
  const Convolution conv{.n = 2, .c = 6, .h = 8, .w = 8, .k = 4, .r = 3, .s = 3, .groups = 2, .dtype = DType::bf16};
  const MatmulProblem problem = convolution_problem(conv, 10, Layout::preferred);
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
  EXPECT_EQ(convolution_problem(conv, 128, Layout::preferred).a.pitch, 6);
  conv.pad_w = 1;
  EXPECT_FALSE(is_pointwise(conv));
}

}  // namespace
}  // namespace whygpu
