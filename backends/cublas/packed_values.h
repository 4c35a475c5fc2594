// What each thread of pack() and unpack() copies. Plain functions of indices, shared by the kernels and their host
// test.
#pragma once

#include "backends/cublas/host_device.h"
#include "backends/cublas/packed.h"

namespace whygpu {

inline constexpr int kChunkBytes = 16;  // of a packed row, written by one thread

// Of one matrix, of rows shorter than 2^31 bytes.
WHYGPU_HOST_DEVICE std::int64_t chunks_of(const PackedLayout& layout) {
  return layout.padded_rows * (layout.padded_columns * static_cast<std::int64_t>(layout.element_bytes) / kChunkBytes);
}

// Writes one chunk of matrix `entry`. Neighbouring chunks read neighbouring values: along the rows of `row_major`,
// which are those of `packed` unless transposed.
template <class T>
WHYGPU_HOST_DEVICE void pack_chunk(const PackedLayout& layout, std::int64_t entry, std::uint32_t chunk,
                                   const T* row_major, T* packed) {
  constexpr int kValues = kChunkBytes / static_cast<int>(sizeof(T));
  const auto padded_rows = static_cast<std::uint32_t>(layout.padded_rows);
  const auto across = static_cast<std::uint32_t>(layout.padded_columns / kValues);
  const std::int64_t row = layout.transposed ? chunk % padded_rows : chunk / across;
  const std::int64_t first = std::int64_t{layout.transposed ? chunk / padded_rows : chunk % across} * kValues;
  const std::int64_t rows = layout.transposed ? layout.columns : layout.rows;  // of the packed matrix
  const std::int64_t columns = layout.transposed ? layout.rows : layout.columns;
  const T* const source = row_major + entry * rows * columns + (layout.transposed ? row : row * columns);
  const std::int64_t step = layout.transposed ? rows : 1;

  struct alignas(kChunkBytes) Chunk {
    T values[kValues];
  };
  Chunk values;
  for (int i = 0; i < kValues; ++i) {
    values.values[i] = row < rows && first + i < columns ? source[(first + i) * step] : T{};
  }
  T* const target = packed + (entry * layout.padded_rows + row) * layout.padded_columns + first;
  *reinterpret_cast<Chunk*>(target) = values;
}

// The addresses of row `row` of matrix `entry`, packed and not. The layout is not transposed.
template <class T>
WHYGPU_HOST_DEVICE const T* packed_row(const PackedLayout& layout, std::int64_t entry, std::int64_t row,
                                       const T* packed) {
  return packed + (entry * layout.padded_rows + row) * layout.padded_columns;
}
template <class T>
WHYGPU_HOST_DEVICE T* plain_row(const PackedLayout& layout, std::int64_t entry, std::int64_t row, T* row_major) {
  return row_major + (entry * layout.rows + row) * layout.columns;
}

}  // namespace whygpu
