// Matrices as cuBLASLt multiplies 8-bit values: padded with zeros, which add nothing to products, and transposed where
// k is not contiguous.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct CUstream_st;

namespace whygpu {

// `batch` row-major matrices of rows × columns values, stored as padded_rows × padded_columns values each, holding the
// matrix or its transpose.
struct PackedLayout {
  std::int64_t batch = 1, rows = 0, columns = 0;
  std::int64_t padded_rows = 0, padded_columns = 0;  // as stored
  bool transposed = false;
  std::size_t element_bytes = 1;  // 1 or 4

  std::size_t bytes() const { return static_cast<std::size_t>(batch * padded_rows * padded_columns) * element_bytes; }
  // Whether the caller's own matrix already has this layout.
  bool is_plain() const { return !transposed && rows == padded_rows && columns == padded_columns; }
  // "transposed, padded to 32x48"
  std::string describe() const {
    const bool padded = (transposed ? columns : rows) != padded_rows || (transposed ? rows : columns) != padded_columns;
    const std::string extents = std::to_string(padded_rows) + "x" + std::to_string(padded_columns);
    return std::string(transposed ? "transposed" : "") + (transposed && padded ? ", " : "") +
           (padded ? "padded to " + extents : "");
  }
};

// Queues the copy of `row_major` to `packed` (layout.bytes(), padding included). Rows of `packed` are multiples of 16
// bytes.
void pack(const PackedLayout& layout, const void* row_major, void* packed, CUstream_st* stream);

// Queues the copy back, without the padding. The layout is not transposed.
void unpack(const PackedLayout& layout, const void* packed, void* row_major, CUstream_st* stream);

}  // namespace whygpu
