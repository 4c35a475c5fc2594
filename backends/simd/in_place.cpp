// The ways of a product that read A and B where they are.
#include <algorithm>

#include "backends/devices/ceil_div.h"
#include "backends/simd/product.h"

namespace whygpu::simd {
namespace {

constexpr std::int64_t kTilesOfPart = 4;    // of rows
constexpr std::int64_t kSmallC = 16 << 10;  // bytes that stay in L1
constexpr std::int64_t kStripAhead = 8192;  // bytes of B that are fetched before they are used

}  // namespace

// Threads take columns.
void Product::run_few_rows(const Operands& o) {
  const std::int64_t unit = kernels_.lanes, units = ceil_div(shape_.n, unit);
  on_all([&](int part) {
    const std::int64_t first = units * part / parts_ * unit;
    const std::int64_t last = std::min(shape_.n, units * (part + 1) / parts_ * unit);
    strategy_ == Strategy::dots ? run_dots(o, first, last) : run_thin(o, first, last, shape_.k);
    multiply_tail(o, part);
  });
}

// A tile that reads A and B as they are, over some steps of k; without addresses.
Tile Product::tile_in_place(std::int64_t first_k, std::int64_t ks) const {
  const std::int64_t value = kernels_.value_bytes;
  return {.steps = ks,
          .a_row = shape_.transpose_a ? value : shape_.lda * value,
          .a_step = shape_.transpose_a ? shape_.lda * value : value,
          .b_step = shape_.ldb * value,
          .c_row = shape_.ldc * kernels_.sum_bytes,
          .accumulate = first_k > 0 || shape_.accumulate,
          .fetch_c = shape_.m * shape_.n * kernels_.sum_bytes > kSmallC};
}

// Part of C, in tiles.
void Product::multiply_in_place(const Operands& o, const Part& part, std::int64_t first_k, std::int64_t ks) const {
  const std::int64_t value = kernels_.value_bytes, sum = kernels_.sum_bytes;
  Tile tile = tile_in_place(first_k, ks);
  const std::byte *a = o.a + first_k * tile.a_step, *b = o.b + first_k * tile.b_step;
  each_tile(part, [&](const TileKernel& kernel, std::int64_t row, std::int64_t column) {
    tile.a = tile.next = a + row * tile.a_row;
    tile.b = b + column * value;
    tile.c = o.c + row * tile.c_row + column * sum;
    if (one_strip_) tile.next = tile.b + kStripAhead;
    kernel.run(tile);
  });
}

// Calls visit(kernel, row, column) for each tile of a part of C.
template <class Visit>
void Product::each_tile(const Part& part, const Visit& visit) const {
  const std::int64_t wide = has_wide_tiles() ? std::int64_t{kernels_.wide_vectors[tile_rows_ - 1]} * kernels_.lanes : 0;
  const std::int64_t end = part.column + part.columns, last_row = part.row + part.rows;
  const std::int64_t row_of_vectors = std::int64_t{kRowVectors} * kernels_.lanes;
  for (std::int64_t j = part.column; j < end;) {
    const std::int64_t left = end - j;
    std::int64_t columns = std::min<std::int64_t>(left, kernels_.panel_columns());
    TileKernel kernel;
    if (has_wide_tiles() && left >= wide) {
      columns = wide;
      kernel.multiply = kernels_.wide[tile_rows_ - 1][streaming_.fetched ? 1 : 0];
    } else if (has_wide_tiles() && tile_rows_ == 1 && left >= row_of_vectors) {
      columns = row_of_vectors;
      kernel.multiply = kernels_.row_of_vectors;
    } else {
      kernel = choose_tile(kernels_, tile_rows_, columns);
    }
    std::int64_t i = part.row;
    for (; i + tile_rows_ <= last_row; i += tile_rows_) visit(kernel, i, j);
    if (i < last_row) each_lower_tile({i, last_row - i, j, columns}, visit);
    j += columns;
  }
}

// Of fewer rows than a tile has: in one tile if there is a wide one of that height, or in several.
template <class Visit>
void Product::each_lower_tile(const Part& part, const Visit& visit) const {
  if (has_wide_tiles() && part.columns == kernels_.wide_vectors[part.rows - 1] * kernels_.lanes) {
    return visit(TileKernel{kernels_.wide[part.rows - 1][streaming_.fetched ? 1 : 0]}, part.row, part.column);
  }
  const std::int64_t panel = kernels_.panel_columns();
  for (std::int64_t j = 0; j < part.columns; j += panel) {
    visit(choose_tile(kernels_, part.rows, std::min(part.columns - j, panel)), part.row, part.column + j);
  }
}

// All tiles of a small product.
void Product::prepare_tiles() {
  const Tile tile = tile_in_place(0, shape_.k);
  each_tile({0, shape_.m, 0, shape_.n}, [&](const TileKernel& kernel, std::int64_t row, std::int64_t column) {
    tiles_.add({.kernel = kernel,
                .tile = tile,
                .a = row * tile.a_row,
                .b = column * kernels_.value_bytes,
                .c = row * tile.c_row + column * kernels_.sum_bytes});
  });
}

// Threads take parts of C: rows of A stay in the cache for all of few columns, else columns of B for all rows.
void Product::run_in_place(const Operands& o) {
  const bool one_part = parts_ == 1 && !narrow_ && !whole_rows_;
  const std::int64_t columns = one_part || whole_rows_ ? shape_.n : kernels_.panel_columns();
  const std::int64_t row_tiles = ceil_div(shape_.m, tile_rows_), tiles = row_tiles * ceil_div(shape_.n, columns);
  // Rows of C stay in L2 for what follows the product. Where panels share rows of A, these stay in L1.
  const std::int64_t bytes_of_tile = tile_rows_ * (shape_.k * kernels_.value_bytes + shape_.n * kernels_.sum_bytes);
  const std::int64_t few = shape_.n > kernels_.panel_columns()
                               ? kTilesOfPart
                               : std::max(kTilesOfPart, static_cast<std::int64_t>(caches().l2) / 2 / bytes_of_tile);
  // Small products in parts of fewer tiles, so that all threads have as much to do.
  constexpr std::int64_t kPartsPerThread = 4;
  const std::int64_t most = std::min(few, ceil_div(row_tiles, 2 * parts_));
  const std::int64_t tiles_of_part = whole_rows_ ? 1
                                     : parts_ == 1
                                         ? few
                                         : std::clamp<std::int64_t>(tiles / (kPartsPerThread * parts_), 1, most);
  const std::int64_t rows = one_part ? shape_.m : tile_rows_ * tiles_of_part;
  const std::int64_t row_parts = ceil_div(shape_.m, rows), column_parts = ceil_div(shape_.n, columns);
  // Threads have rows of C to themselves if there are enough: two that write to one line wait for each other.
  const bool by_rows = narrow_ || (parts_ > 1 && row_parts >= 2 * parts_);
  const auto multiply = [&](std::int64_t i) {
    const std::int64_t row = (by_rows ? i / column_parts : i % row_parts) * rows;
    const std::int64_t column = (by_rows ? i % column_parts : i / row_parts) * columns;
    const Part part{row, std::min(rows, shape_.m - row), column, std::min(columns, shape_.n - column)};
    multiply_in_place(o, part, 0, shape_.k);
    finish(o, part);
  };
  const std::int64_t units = row_parts * column_parts;
  if (steals_) shares_.start(units, parts_);
  on_all([&](int part) {
    for (std::int64_t i = next_unit(units, part, -1); i >= 0; i = next_unit(units, part, i)) multiply(i);
    multiply_tail(o, part);
  });
}

// Few rows of A: B is read once, some of its rows side by side, which memory is fastest at.
void Product::run_thin(const Operands& o, std::int64_t first_column, std::int64_t last_column, std::int64_t k) const {
  const std::int64_t block = streaming_.steps;
  const Part part{0, shape_.m, first_column, last_column - first_column};
  for (std::int64_t first_k = 0; first_k < k; first_k += block) {
    multiply_in_place(o, part, first_k, std::min(block, k - first_k));
  }
  finish(o, part);
}

void Product::run_split(const Operands& o) {
  const Tile tile = tile_in_place(0, shape_.k);
  on_all([&](int part) {
    const std::int64_t first = shape_.k * part / parts_, last = shape_.k * (part + 1) / parts_;
    run_thin({.a = o.a + first * tile.a_step,
              .b = o.b + first * tile.b_step,
              .c = part == 0 ? o.c : partial_sums_[part - 1].data()},
             0, shape_.n, last - first);
  });
  for (const Buffer& sums : partial_sums_) add_values(kernels_, sums.data(), shape_.m * shape_.n, o.c);
  finish(o, {0, shape_.m, 0, shape_.n});
}

void Product::run_dots(const Operands& o, std::int64_t first_column, std::int64_t last_column) const {
  const std::int64_t value = kernels_.value_bytes, sum = kernels_.sum_bytes;
  Dots dots{.steps = shape_.k / kernels_.group,
            .a_row = shape_.lda * value,
            .b_column = shape_.ldb * value,
            .c_row = shape_.ldc * sum};
  for (std::int64_t j = first_column; j < last_column;) {
    const bool several = last_column - j >= kDotColumns;
    dots.b = o.b + j * dots.b_column;
    for (std::int64_t i = 0; i < shape_.m; i += kMaxDotRows) {
      const std::int64_t rows = std::min<std::int64_t>(kMaxDotRows, shape_.m - i);
      dots.a = o.a + i * dots.a_row;
      dots.c = o.c + i * dots.c_row + j * sum;
      kernels_.dots[rows - 1][several ? kDotColumns - 1 : 0](dots);
    }
    j += several ? kDotColumns : 1;
  }
  finish(o, {0, shape_.m, first_column, last_column - first_column});
}

}  // namespace whygpu::simd
