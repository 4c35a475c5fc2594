// The parts that products and convolutions are put together from: packed rows of A, packed panels of B, and the loop
// over tiles that multiplies them. Sizes are in values, as in the caller's matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "backends/simd/kernels.h"

namespace whygpu::simd {

// Working memory in huge pages where the system grants them.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes = 0);  // throws when out of memory
  std::byte* data() const { return storage_.get(); }

 private:
  std::unique_ptr<std::byte, void (*)(void*)> storage_;
};

// A row-major matrix, or one whose transpose is meant; rows are `stride` values apart.
struct Matrix {
  const std::byte* data = nullptr;
  std::int64_t stride = 0;
  bool transposed = false;
};

// Where tiles find their rows of A: bytes between tiles, between the rows of a tile, and between steps.
struct RowBlock {
  const std::byte* a = nullptr;
  std::int64_t tile = 0, row = 0, step = 0;
};

// Bytes between rows of A that were copied row by row: a line more than the values take, because rows that are a power
// of two apart would displace each other in L1.
std::int64_t padded_row(const Kernels& kernels, std::int64_t k);

// Copies A, rows×k, to `out`, which has row_block_bytes().
RowBlock pack_rows(const Kernels& kernels, const Matrix& a, std::int64_t rows, std::int64_t k, std::byte* out);
std::size_t row_block_bytes(const Kernels& kernels, std::int64_t rows, std::int64_t k, bool transposed);

// Copies B, k×columns with at most kernels.panel_columns() columns, to `out`, which has panel_bytes().
void pack_panel(const Kernels& kernels, const Matrix& b, std::int64_t columns, std::int64_t k, std::byte* out);
std::size_t panel_bytes(const Kernels& kernels, std::int64_t k);

// The function for tiles of one shape.
struct TileKernel {
  MultiplyTile multiply = nullptr;
  int last_lanes = 0;

  void run(Tile& tile) const {
    tile.last_lanes = last_lanes;
    multiply(tile);
  }
};
// For so many rows and columns, at most a panel's.
TileKernel choose_tile(const Kernels& kernels, std::int64_t rows, std::int64_t columns);

// A panel of B: its first step, and bytes from one step to the next.
struct PanelView {
  const std::byte* b = nullptr;
  std::int64_t step = 0;
  std::int64_t columns = 0;
  struct Fetched {
    const std::byte* data = nullptr;
    std::int64_t bytes = 0;
  };
  Fetched next{}, then{};  // what will be multiplied next, to be fetched in this order
};

// C = A·B or C += A·B for all rows of a block and the columns of a panel. `c`: the first result, rows `ldc` apart.
void multiply_panel(const Kernels& kernels, const RowBlock& a, std::int64_t rows, const PanelView& b, std::int64_t k,
                    bool accumulate, std::byte* c, std::int64_t ldc);

// to += from; of f32 and f64.
void add_values(const Kernels& kernels, const std::byte* from, std::int64_t count, std::byte* to);

}  // namespace whygpu::simd
