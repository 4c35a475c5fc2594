// The last few columns of C, where a vector of B would be mostly padding: 3 of 19, 1 of 33.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/simd/kernels.h"
#include "backends/simd/shape.h"

namespace whygpu::simd {

// Reads those columns of B as rows along k. With a row-major A these give dot products; with a transposed one, rows of
// Cᵀ, whose vectors run along m.
class TailColumns {
 public:
  // Columns that are faster apart; 0: none.
  static std::int64_t count(const Shape& shape, const Kernels& kernels);

  // Of a product of that shape, its last `columns` ones, at most kDotColumns.
  TailColumns(const Shape& shape, const Kernels& kernels, std::int64_t columns);

  std::int64_t columns() const { return columns_; }
  std::size_t bytes() const { return static_cast<std::size_t>(columns_ * row_bytes_); }

  // Copies the columns to `rows`, which has bytes().
  void gather(const std::byte* b, std::byte* rows) const;

  // The columns of these rows of C. `a` and `c` are the whole matrices.
  void multiply(const std::byte* a, const std::byte* rows, std::byte* c, std::int64_t first_row,
                std::int64_t last_row) const;

 private:
  void multiply_dots(const std::byte* a, const std::byte* rows, std::byte* c, std::int64_t first_row,
                     std::int64_t last_row) const;
  void multiply_turned(const std::byte* a, const std::byte* rows, std::byte* c, std::int64_t first_row,
                       std::int64_t last_row) const;

  Shape shape_;
  const Kernels& kernels_;
  std::int64_t columns_, row_bytes_;
};

}  // namespace whygpu::simd
