// Runs im2col and col2im on the host, over the tiles that the device would use, and compares with direct loops.
#include <gmock/gmock.h>

#include <random>

#include "backends/cublas/im2col.h"
#include "backends/cublas/im2col_values.h"

namespace whygpu {
namespace {

using Values = std::vector<double>;

// Integers, so that every order of summation gives the same double.
Values random_values(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> uniform(-9, 9);
  Values values(static_cast<std::size_t>(count));
  for (auto& value : values) value = uniform(random);
  return values;
}

ColumnShape shape_of(const Convolution& conv) {
  const auto i = [](std::int64_t value) { return static_cast<int>(value); };
  return {i(conv.h),     i(conv.w),     i(conv.c),          i(conv.groups),    i(conv.r),
          i(conv.s),     i(conv.p()),   i(conv.q()),        i(conv.stride_h),  i(conv.stride_w),
          i(conv.pad_h), i(conv.pad_w), i(conv.dilation_h), i(conv.dilation_w)};
}

// Calls f(x index, w index, y index) for every product of the convolution.
template <class F>
void for_each_product(const Convolution& conv, F&& f) {
  const std::int64_t group_c = conv.c / conv.groups, group_k = conv.k / conv.groups;
  for (std::int64_t n = 0; n < conv.n; ++n)
    for (std::int64_t p = 0; p < conv.p(); ++p)
      for (std::int64_t q = 0; q < conv.q(); ++q)
        for (std::int64_t k = 0; k < conv.k; ++k)
          for (std::int64_t r = 0; r < conv.r; ++r)
            for (std::int64_t s = 0; s < conv.s; ++s)
              for (std::int64_t c = 0; c < group_c; ++c) {
                const std::int64_t h = p * conv.stride_h - conv.pad_h + r * conv.dilation_h;
                const std::int64_t w = q * conv.stride_w - conv.pad_w + s * conv.dilation_w;
                if (h < 0 || h >= conv.h || w < 0 || w >= conv.w) continue;
                f(((n * conv.h + h) * conv.w + w) * conv.c + k / group_k * group_c + c,
                  ((k * conv.r + r) * conv.s + s) * group_c + c, ((n * conv.p() + p) * conv.q() + q) * conv.k + k);
              }
}

std::vector<Convolution> convolutions() {
  return {
      {.n = 3, .c = 4, .h = 7, .w = 6, .k = 2, .r = 3, .s = 3, .pad_h = 1, .pad_w = 1},
      {.n = 2, .c = 3, .h = 9, .w = 11, .k = 5, .r = 2, .s = 4, .stride_h = 2, .stride_w = 3, .pad_h = 1, .pad_w = 0},
      {.n = 1, .c = 6, .h = 8, .w = 8, .k = 4, .r = 3, .s = 3, .pad_h = 3, .pad_w = 2, .groups = 2},
      {.n = 2, .c = 5, .h = 10, .w = 7, .k = 5, .r = 3, .s = 2, .dilation_h = 2, .dilation_w = 3, .groups = 5},
      {.n = 1, .c = 1, .h = 11, .w = 5, .k = 3, .r = 1, .s = 1, .stride_h = 4, .stride_w = 2},
  };
}

constexpr std::size_t kCaches[] = {2, 4000, std::size_t{1} << 30};  // tiles of one line, of some lines, of all images

TEST(Im2col, MatchesDirectConvolution) {
  for (const auto& conv : convolutions()) {
    const Values x = random_values(conv.n * conv.h * conv.w * conv.c, 1);
    const std::int64_t group_c = conv.c / conv.groups, group_k = conv.k / conv.groups;
    const Values w = random_values(conv.k * conv.r * conv.s * group_c, 2);
    Values expected(static_cast<std::size_t>(conv.n * conv.p() * conv.q() * conv.k));
    for_each_product(conv, [&](auto i, auto j, auto k) { expected[k] += x[i] * w[j]; });

    const ColumnShape shape = shape_of(conv);
    Values y(expected.size());
    for (const auto& tile : tiles_of(conv, kCaches[0])) {
      for (std::int64_t q = 0; q < conv.q(); ++q) {
        for (std::int64_t k = 0; k < conv.k; ++k) {
          const int group = static_cast<int>(k / group_k);
          double& sum = y[static_cast<std::size_t>(((tile.image * conv.p() + tile.line) * conv.q() + q) * conv.k + k)];
          for (int i = 0; i < shape.width(); ++i) {
            sum += column_value(shape, x.data() + tile.image * conv.h * conv.w * conv.c, static_cast<int>(tile.line),
                                static_cast<int>(q), group, i) *
                   w[static_cast<std::size_t>(k * shape.width() + i)];
          }
        }
      }
    }
    EXPECT_EQ(y, expected);
  }
}

TEST(Col2im, MatchesDirectGradient) {
  for (auto conv : convolutions()) {
    conv.pass = Pass::backward_data;
    for (const std::size_t cache_bytes : kCaches) {
      const std::int64_t group_k = conv.k / conv.groups;
      const ColumnShape shape = shape_of(conv);
      const Values y = random_values(conv.n * conv.p() * conv.q() * conv.k, 3);
      const Values w = random_values(conv.k * shape.width(), 4);
      Values expected(static_cast<std::size_t>(conv.n * conv.h * conv.w * conv.c));
      for_each_product(conv, [&](auto i, auto j, auto k) { expected[i] += y[k] * w[j]; });

      Values x(expected.size());
      for (const auto& tile : tiles_of(conv, cache_bytes)) {
        const LineRange lines = lines_of(conv, tile);
        const std::int64_t pixels = pixels_of(conv, tile);
        Values columns(static_cast<std::size_t>(conv.groups * pixels * shape.width()));
        for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
          const std::int64_t at = (tile.image * conv.p() + lines.first) * conv.q() + pixel;
          for (std::int64_t k = 0; k < conv.k; ++k) {
            double* row = columns.data() + (k / group_k * pixels + pixel) * shape.width();
            for (int i = 0; i < shape.width(); ++i) {
              row[i] +=
                  y[static_cast<std::size_t>(at * conv.k + k)] * w[static_cast<std::size_t>(k * shape.width() + i)];
            }
          }
        }
        const int outputs = static_cast<int>(lines.last - lines.first);
        std::size_t i = static_cast<std::size_t>((tile.image * conv.h + tile.line) * conv.w * conv.c);
        for (int image = 0; image < tile.images; ++image)
          for (int h = 0; h < tile.lines; ++h)
            for (int column = 0; column < conv.w; ++column)
              for (int c = 0; c < conv.c; ++c)
                x[i++] = column_sum(shape, columns.data(), pixels, std::int64_t{image} * outputs * shape.q,
                                    static_cast<int>(lines.first), outputs, static_cast<int>(tile.line) + h, column, c);
      }
      EXPECT_EQ(x, expected);
    }
  }
}

}  // namespace
}  // namespace whygpu
