#include "backends/simd/tail.h"

#include <algorithm>
#include <cstring>

#include "backends/devices/ceil_div.h"
#include "backends/simd/panels.h"

namespace whygpu::simd {
namespace {

// `count` values of T, from and to places that are some bytes apart.
template <class T>
void copy_apart(const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
                std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, sizeof(T));
}

void copy_values(int bytes, const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
                 std::int64_t count) {
  if (bytes == sizeof(float)) return copy_apart<float>(from, from_step, to, to_step, count);
  copy_apart<double>(from, from_step, to, to_step, count);
}

// Bytes of a row of Cᵀ that is computed at a time, before it is scattered to columns of C.
constexpr std::int64_t kTurnedBytes = 2048;

}  // namespace

std::int64_t TailColumns::count(const Shape& shape, const Kernels& kernels) {
  // Instructions: to add up the lanes of a vector, to store one value of Cᵀ, to copy one value of B.
  constexpr std::int64_t kLeastRows = 8, kSumOfLanes = 5, kScatter = 3, kGather = 2;
  const std::int64_t columns = shape.n % kernels.lanes;
  if (!kernels.reads_a || !kernels.reads_b || kernels.dots[0][0] == nullptr || shape.accumulate) return 0;
  if (shape.n < kernels.lanes || columns == 0 || columns > kDotColumns || shape.m < kLeastRows) return 0;
  // In instructions for a row of C: those of the tail against those of a vector more.
  const std::int64_t store = shape.transpose_a ? kScatter : kSumOfLanes;
  const std::int64_t gather = shape.transpose_b ? 0 : ceil_div(kGather * shape.k, shape.m);
  const std::int64_t apart = columns * (ceil_div(shape.k, kernels.lanes) + store + gather);
  return apart < shape.k ? columns : 0;
}

TailColumns::TailColumns(const Shape& shape, const Kernels& kernels, std::int64_t columns)
    : shape_(shape), kernels_(kernels), columns_(columns), row_bytes_(padded_row(kernels, shape.k)) {}

void TailColumns::gather(const std::byte* b, std::byte* rows) const {
  const std::int64_t value = kernels_.value_bytes, row = shape_.ldb * value, first = shape_.n - columns_;
  for (std::int64_t i = 0; i < columns_; ++i) {
    const std::byte* column = b + (first + i) * (shape_.transpose_b ? row : value);
    copy_values(kernels_.value_bytes, column, shape_.transpose_b ? value : row, rows + i * row_bytes_, value, shape_.k);
  }
}

void TailColumns::multiply(const std::byte* a, const std::byte* rows, std::byte* c, std::int64_t first_row,
                           std::int64_t last_row) const {
  if (shape_.transpose_a) return multiply_turned(a, rows, c, first_row, last_row);
  multiply_dots(a, rows, c, first_row, last_row);
}

void TailColumns::multiply_dots(const std::byte* a, const std::byte* rows, std::byte* c, std::int64_t first_row,
                                std::int64_t last_row) const {
  const std::int64_t value = kernels_.value_bytes;
  Dots dots{
      .steps = shape_.k, .a_row = shape_.lda * value, .b = rows, .b_column = row_bytes_, .c_row = shape_.ldc * value};
  for (std::int64_t i = first_row; i < last_row; i += kMaxDotRows) {
    dots.a = a + i * dots.a_row;
    dots.c = c + i * dots.c_row + (shape_.n - columns_) * value;
    kernels_.dots[std::min<std::int64_t>(kMaxDotRows, last_row - i) - 1][columns_ - 1](dots);
  }
}

void TailColumns::multiply_turned(const std::byte* a, const std::byte* rows, std::byte* c, std::int64_t first_row,
                                  std::int64_t last_row) const {
  const std::int64_t value = kernels_.value_bytes, lanes = kernels_.lanes;
  const std::int64_t wide = std::int64_t{kernels_.wide_vectors[columns_ - 1]} * lanes;
  alignas(kLine) std::byte turned[kDotColumns * kTurnedBytes];
  Tile tile{.steps = shape_.k,
            .a = rows,
            .a_row = row_bytes_,
            .a_step = value,
            .b_step = shape_.lda * value,
            .c_row = kTurnedBytes,
            .next = rows};
  for (std::int64_t first = first_row; first < last_row; first += kTurnedBytes / value) {
    const std::int64_t count = std::min(kTurnedBytes / value, last_row - first);
    for (std::int64_t j = 0; j < count;) {
      tile.b = a + (first + j) * value;
      tile.c = turned + j * value;
      const std::int64_t width = count - j >= wide ? wide : std::min<std::int64_t>(kernels_.panel_columns(), count - j);
      const TileKernel kernel =
          width == wide ? TileKernel{kernels_.wide[columns_ - 1][0]} : choose_tile(kernels_, columns_, width);
      kernel.run(tile);
      j += width;
    }
    for (std::int64_t column = 0; column < columns_; ++column) {
      copy_values(kernels_.value_bytes, turned + column * kTurnedBytes, value,
                  c + (first * shape_.ldc + shape_.n - columns_ + column) * value, shape_.ldc * value, count);
    }
  }
}

}  // namespace whygpu::simd
