#include "backends/simd/product.h"

#include <algorithm>
#include <atomic>

#include "backends/devices/ceil_div.h"

namespace whygpu::simd {
namespace {

constexpr std::int64_t kFewRows = 4;          // tiles
constexpr std::int64_t kStreamedSteps = 16;   // of B in place: so many rows are read side by side

std::int64_t round_up(std::int64_t value, std::int64_t unit) { return ceil_div(value, unit) * unit; }

}  // namespace

std::string Product::obstacle(const Shape& shape, const Kernels& kernels, Strategy strategy) {
  switch (strategy) {
    case Strategy::in_place:
      if (!kernels.reads_a || !kernels.reads_b) return "these kernels read packed operands only";
      return shape.transpose_b ? "a transposed B must be packed" : "";
    case Strategy::dots:
      if (kernels.dots[0][0] == nullptr) return "these kernels have no dot products";
      if (!shape.transpose_b || shape.transpose_a) return "dot products need rows of A and of B along k";
      return shape.k % kernels.group == 0 && shape.lda % kernels.group == 0 ? "" : "k is not a multiple of a word's values";
    default: return "";
  }
}

Strategy Product::best_strategy(const Shape& shape, const Kernels& kernels) {
  const auto possible = [&](Strategy strategy) { return obstacle(shape, kernels, strategy).empty(); };
  const std::int64_t tiles = ceil_div(shape.m, kernels.rows);
  const std::int64_t bytes = kernels.value_bytes * (shape.m * shape.k + shape.n * shape.k + shape.m * shape.n);
  const bool small = tiles <= 2 * kFewRows && bytes <= static_cast<std::int64_t>(caches().l2) / 2;
  if (shape.m <= kernels.rows && possible(Strategy::dots)) return Strategy::dots;
  if ((small || tiles <= 1) && possible(Strategy::in_place)) return Strategy::in_place;
  return tiles <= kFewRows ? Strategy::streamed : Strategy::packed;
}

Product::Product(const Shape& shape, const Kernels& kernels, Method method, HostThreads* threads)
    : shape_(shape),
      kernels_(kernels),
      strategy_(method.strategy),
      tile_rows_(std::min(method.rows, kernels.rows)),
      threads_(threads) {
  // Waking a thread takes as long as a small product.
  constexpr std::int64_t kWorthwhile = std::int64_t{64} * 64 * 64;
  if (threads != nullptr && shape.m * shape.n * shape.k > kWorthwhile) parts_ = threads->count();
  blocking_ = choose_blocking(kernels, caches(), shape.m, shape.n, shape.k, parts_);
  if (strategy_ == Strategy::in_place || strategy_ == Strategy::dots) return;
  if (strategy_ == Strategy::streamed) blocking_.rows = round_up(shape.m, kernels.rows);
  panel_bytes_ = panel_bytes(kernels, blocking_.k);
  if (strategy_ == Strategy::streamed) {
    const std::int64_t blocks = ceil_div(shape.k, blocking_.k);
    row_blocks_.emplace_back(blocks * row_block_bytes(kernels, shape.m, blocking_.k, shape.transpose_a));
    for (int part = 0; part < parts_; ++part) own_panels_.emplace_back(panel_bytes_);
  } else {
    panels_ = Buffer(panel_bytes_ * ceil_div(blocking_.columns, kernels.panel_columns()));
    for (int part = 0; part < parts_; ++part) row_blocks_.emplace_back(row_block_bytes(kernels, blocking_.rows, blocking_.k, shape.transpose_a));
  }
}

void Product::on_all(const std::function<void(int)>& task) {
  if (parts_ == 1) return task(0);
  threads_->run(parts_, task);
}

void Product::run(const std::byte* a, const std::byte* b, std::byte* c) {
  const Operands operands{a, b, c};
  if (strategy_ == Strategy::packed) return run_packed(operands);
  if (strategy_ == Strategy::streamed) return run_streamed(operands);
  const auto columns = [&](std::int64_t first, std::int64_t last) {
    if (strategy_ == Strategy::dots) return run_dots(operands, first, last);
    run_in_place(operands, first, last);
  };
  if (parts_ == 1) return columns(0, shape_.n);
  on_all([&](int part) {
    const std::int64_t unit = kernels_.lanes, units = ceil_div(shape_.n, unit);
    columns(std::min(shape_.n, units * part / parts_ * unit), std::min(shape_.n, units * (part + 1) / parts_ * unit));
  });
}

// Columns of C from A and B as they are. Few rows read B once, some rows side by side, which memory is fastest at.
void Product::run_in_place(const Operands& o, std::int64_t first_column, std::int64_t last_column) const {
  const std::int64_t value = kernels_.value_bytes, sum = kernels_.sum_bytes, lanes = kernels_.lanes;
  const bool one_tile = shape_.m <= tile_rows_;
  const int wide = one_tile ? kernels_.wide_vectors[shape_.m - 1] : 0;
  const std::int64_t block = one_tile && shape_.k * shape_.n * value > static_cast<std::int64_t>(caches().l2) ? kStreamedSteps : shape_.k;
  Tile tile{.a_row = shape_.transpose_a ? value : shape_.lda * value,
            .a_step = shape_.transpose_a ? shape_.lda * value : value,
            .b_step = shape_.ldb * value,
            .c_row = shape_.ldc * sum};
  for (std::int64_t first_k = 0; first_k < shape_.k; first_k += block) {
    tile.steps = std::min(block, shape_.k - first_k);
    tile.accumulate = first_k > 0 || shape_.accumulate;
    for (std::int64_t j = first_column; j < last_column;) {
      const bool is_wide = wide > 0 && last_column - j >= wide * lanes;
      const std::int64_t columns = is_wide ? wide * lanes : std::min<std::int64_t>(last_column - j, kernels_.panel_columns());
      const std::int64_t vectors = ceil_div(columns, lanes);
      tile.last_lanes = static_cast<int>(columns - (vectors - 1) * lanes);
      tile.b = o.b + first_k * tile.b_step + j * value;
      for (std::int64_t i = 0; i < shape_.m; i += tile_rows_) {
        const std::int64_t rows = std::min<std::int64_t>(tile_rows_, shape_.m - i);
        tile.a = o.a + i * tile.a_row + first_k * tile.a_step;
        tile.c = o.c + i * tile.c_row + j * sum;
        const MultiplyTile multiply = is_wide ? kernels_.wide[rows - 1]
                                              : kernels_.tile[rows - 1][vectors - 1][tile.last_lanes < lanes ? 1 : 0];
        multiply(tile);
      }
      j += columns;
    }
  }
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
      kernels_.dots[rows - 1][several ? 1 : 0](dots);
    }
    j += several ? kDotColumns : 1;
  }
}

RowBlock Product::pack_a(const std::byte* a, std::int64_t first_row, std::int64_t rows, std::int64_t first_k,
                         std::int64_t k, std::byte* out) const {
  const std::int64_t offset = shape_.transpose_a ? first_k * shape_.lda + first_row : first_row * shape_.lda + first_k;
  return pack_rows(kernels_, {a + offset * kernels_.value_bytes, shape_.lda, shape_.transpose_a}, rows, k, out);
}

void Product::pack_b(const std::byte* b, std::int64_t first_column, std::int64_t first_k, std::int64_t k,
                     std::byte* out) const {
  const std::int64_t offset =
      shape_.transpose_b ? first_column * shape_.ldb + first_k : first_k * shape_.ldb + first_column;
  const std::int64_t columns = std::min<std::int64_t>(kernels_.panel_columns(), shape_.n - first_column);
  pack_panel(kernels_, {b + offset * kernels_.value_bytes, shape_.ldb, shape_.transpose_b}, columns, k, out);
}

void Product::multiply(const RowBlock& block, std::int64_t first_row, std::int64_t rows, const std::byte* panel,
                       std::int64_t first_column, std::int64_t k, bool accumulate, std::byte* c) const {
  const std::int64_t columns = std::min<std::int64_t>(kernels_.panel_columns(), shape_.n - first_column);
  const std::int64_t step = std::int64_t{kernels_.panel_columns()} * kernels_.word_bytes;
  multiply_panel(kernels_, block, rows, {panel, step, columns}, k, accumulate,
                 c + (first_row * shape_.ldc + first_column) * kernels_.sum_bytes, shape_.ldc);
}

// For each block of k by columns that fits into L3: all threads pack B, then take blocks of rows in turn.
void Product::run_packed(const Operands& o) {
  const std::int64_t panel = kernels_.panel_columns();
  const std::int64_t row_blocks = ceil_div(shape_.m, blocking_.rows);
  for (std::int64_t first_column = 0; first_column < shape_.n; first_column += blocking_.columns) {
    const std::int64_t panels = ceil_div(std::min(blocking_.columns, shape_.n - first_column), panel);
    // Too few blocks of rows for the threads: each is shared, by ranges of panels.
    const std::int64_t cuts = std::clamp<std::int64_t>(ceil_div(2 * parts_, row_blocks), 1, parts_ == 1 ? 1 : panels);
    for (std::int64_t first_k = 0; first_k < shape_.k; first_k += blocking_.k) {
      const std::int64_t ks = std::min(blocking_.k, shape_.k - first_k);
      const bool accumulate = first_k > 0 || shape_.accumulate;
      std::atomic<std::int64_t> next_panel{0}, next_unit{0};
      on_all([&](int) {
        for (std::int64_t i = next_panel++; i < panels; i = next_panel++) {
          pack_b(o.b, first_column + i * panel, first_k, ks, panels_.data() + i * panel_bytes_);
        }
      });
      on_all([&](int part) {
        std::int64_t packed = -1;
        RowBlock block{};
        for (std::int64_t unit = next_unit++; unit < row_blocks * cuts; unit = next_unit++) {
          const std::int64_t row_block = unit / cuts, cut = unit % cuts, first_row = row_block * blocking_.rows;
          const std::int64_t rows = std::min(blocking_.rows, shape_.m - first_row);
          if (row_block != packed) block = pack_a(o.a, first_row, rows, first_k, ks, row_blocks_[part].data());
          packed = row_block;
          for (std::int64_t i = panels * cut / cuts; i < panels * (cut + 1) / cuts; ++i) {
            multiply(block, first_row, rows, panels_.data() + i * panel_bytes_, first_column + i * panel, ks,
                           accumulate, o.c);
          }
        }
      });
    }
  }
}

// A is packed as a whole; each panel of B is packed and used by one thread while it is in L1.
void Product::run_streamed(const Operands& o) {
  const std::int64_t panel = kernels_.panel_columns(), panels = ceil_div(shape_.n, panel);
  const std::size_t block_bytes = row_block_bytes(kernels_, shape_.m, blocking_.k, shape_.transpose_a);
  const std::int64_t blocks = ceil_div(shape_.k, blocking_.k);
  const auto ks = [&](std::int64_t block) { return std::min(blocking_.k, shape_.k - block * blocking_.k); };
  std::vector<RowBlock> rows(blocks);
  for (std::int64_t i = 0; i < blocks; ++i) {
    rows[i] = pack_a(o.a, 0, shape_.m, i * blocking_.k, ks(i), row_blocks_[0].data() + i * block_bytes);
  }
  std::atomic<std::int64_t> next{0};
  on_all([&](int part) {
    std::byte* own = own_panels_[part].data();
    for (std::int64_t i = next++; i < panels; i = next++) {
      for (std::int64_t block = 0; block < blocks; ++block) {
        pack_b(o.b, i * panel, block * blocking_.k, ks(block), own);
        multiply(rows[block], 0, shape_.m, own, i * panel, ks(block), block > 0 || shape_.accumulate, o.c);
      }
    }
  });
}

std::string Product::describe() const {
  const auto block = [](std::int64_t rows, std::int64_t columns) {
    return std::to_string(rows) + "×" + std::to_string(columns);
  };
  switch (strategy_) {
    case Strategy::in_place: return "A and B read in place";
    case Strategy::dots: return "dot products along k";
    case Strategy::streamed: return "A packed, panels of B packed and used at once, k in blocks of " + std::to_string(blocking_.k);
    default:
      return "A packed in blocks of " + block(blocking_.rows, blocking_.k) + ", B of " +
             block(blocking_.k, blocking_.columns);
  }
}

}  // namespace whygpu::simd
