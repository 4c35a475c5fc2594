// The parameters of a kernel that computes its result in tiles.
#pragma once

#include <cstddef>
#include <string>

#include "whygpu/dtype.h"

namespace whygpu::opencl {

// A work group computes rows x columns results and advances by `depth` along the sum; each of its work items computes
// per_row x per_column of them, in vectors of `width` columns.
struct Tile {
  int rows, columns, depth;
  int per_row = 1, per_column = 1, width = 1;

  int items_x() const { return columns / per_column; }
  int items_y() const { return rows / per_row; }
};

// What a work group can have on a device.
struct Limits {
  std::size_t items = 0, local_bytes = 0;
};

// With the panels' padding, and tables of positions, which convolutions have.
inline std::size_t local_bytes(const Tile& tile, DType dtype) {
  const auto lines = static_cast<std::size_t>(tile.rows + 1 + tile.columns + tile.width);
  const std::size_t tables = 32 * static_cast<std::size_t>(tile.rows + tile.columns + tile.depth);
  return lines * static_cast<std::size_t>(tile.depth) * dtype_bytes(accumulator_of(dtype)) + tables;
}

inline bool fits(const Tile& tile, DType dtype, const Limits& limits) {
  return static_cast<std::size_t>(tile.items_x() * tile.items_y()) <= limits.items &&
         local_bytes(tile, dtype) <= limits.local_bytes;
}

// Vectors as wide as a CPU's registers, which only CPUs have, and vectors of four for GPUs.
inline bool suits(const Tile& tile, bool is_cpu) { return tile.width == 1 || (tile.width > 4) == is_cpu; }

// -DTILE_ROWS=64 …
std::string tile_options(const Tile& tile);

// "tile 64x64x16, 4x4 per work item, float4"
std::string describe(const Tile& tile, DType dtype);

}  // namespace whygpu::opencl
