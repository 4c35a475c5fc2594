#include "backends/simd/product.h"

#include <algorithm>

#include "backends/devices/ceil_div.h"
#include "backends/simd/epilogue.h"

namespace whygpu::simd {
namespace {

constexpr std::int64_t kFewTiles = 4;       // of rows
constexpr std::int64_t kSmallC = 16 << 10;  // bytes that stay in L1
constexpr std::int64_t kStripAhead = 8192;  // bytes of B that are fetched before they are used
constexpr std::int64_t kPackedRows = 16;    // rows of B that are read side by side

std::optional<TailColumns> tail_of(const Shape& shape, const Kernels& kernels, const Method& method) {
  const bool possible = method.strategy == Strategy::in_place || method.strategy == Strategy::packed;
  const std::int64_t columns = method.tail_apart && possible ? TailColumns::count(shape, kernels) : 0;
  return columns > 0 ? std::optional<TailColumns>(std::in_place, shape, kernels, columns) : std::nullopt;
}

// Tiles of about equal height.
int even_tile_rows(std::int64_t m, int most) { return static_cast<int>(ceil_div(m, ceil_div(m, most))); }

}  // namespace

Product::Product(const Shape& whole, const Kernels& kernels, Method method, HostThreads* threads)
    : kernels_(kernels),
      tail_(tail_of(whole, kernels, method)),
      shape_(whole),
      strategy_(method.strategy),
      tile_rows_(method.strategy == Strategy::in_place ? even_tile_rows(whole.m, std::min(method.rows, kernels.rows))
                                                       : kernels.rows),
      threads_(threads),
      thin_(is_thin(whole, kernels) && method.rows >= kernels.rows) {
  if (tail_) {
    shape_.n -= tail_->columns();
    if (!method.b_packed_beforehand) tail_rows_ = Buffer(tail_->bytes());
  }
  const Shape& shape = shape_;
  narrow_ = is_narrow(shape, kernels);
  // Of short sums in a large C, whole rows are written, two at a time: memory is fastest at long rows.
  constexpr std::int64_t kShortSum = 4, kTogether = 2;
  const std::int64_t c_bytes = shape.m * shape.n * kernels.sum_bytes;
  whole_rows_ = strategy_ == Strategy::in_place && method.rows >= kernels.rows && !thin_ && shape.k <= kShortSum &&
                shape.n >= 2 * std::int64_t{kernels.wide_vectors[kTogether - 1]} * kernels.lanes &&
                c_bytes > 2 * static_cast<std::int64_t>(caches().l2);
  if (whole_rows_) tile_rows_ = kTogether;
  // Waking a thread takes as long as a small product.
  constexpr std::int64_t kWorthwhile = std::int64_t{40} * 40 * 40;
  if (threads != nullptr && shape.m * shape.n * shape.k > kWorthwhile) parts_ = threads->count();
  if ((strategy_ == Strategy::in_place && thin_) || strategy_ == Strategy::dots) share_few_rows();
  blocking_ = choose_blocking(kernels, caches(), shape.m, shape.n, shape.k, parts_);
  if (strategy_ == Strategy::in_place && thin_) {
    const bool in_cache = shape.k * shape.n * kernels.value_bytes <= static_cast<std::int64_t>(caches().l2);
    one_strip_ = !in_cache && shape.n <= kernels.panel_columns();
    const std::int64_t quarter = static_cast<std::int64_t>(caches().l2) / (4 * shape.n * kernels.value_bytes);
    streaming_ = in_cache     ? Streaming{shape.k, false}
                 : one_strip_ ? Streaming{std::max<std::int64_t>(quarter, 1), false}
                              : fastest_streaming(kernels, tile_rows_);
  }
  const std::int64_t tiles = ceil_div(shape.m, tile_rows_) * ceil_div(shape.n, kernels.panel_columns());
  const bool at_once = parts_ == 1 && !tail_ && !(thin_ && streaming_.steps < shape.k);
  if (strategy_ == Strategy::in_place && at_once && tiles <= kPreparedTiles) prepare_tiles();
  if (strategy_ == Strategy::in_place || strategy_ == Strategy::dots) return;
  if (strategy_ == Strategy::streamed)
    blocking_ = choose_streamed_blocking(kernels, caches(), shape.n, shape.k, parts_);
  const bool whole_words = kernels.group == 1 || (!shape.transpose_a && shape.k % kernels.group == 0);
  const bool read_often = !narrow_ && shape.m > kernels.rows && !(method.a_in_place && reads_a_faster(shape, kernels));
  copies_a_ = read_often || !kernels.reads_a || !whole_words;
  panel_bytes_ = panel_bytes(kernels, blocking_.k);
  const std::size_t block_bytes = panel_bytes_ * ceil_div(blocking_.columns, kernels.panel_columns());
  if (strategy_ == Strategy::streamed) {
    rows_.resize(ceil_div(shape.k, blocking_.k));
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      row_blocks_.emplace_back(row_block_bytes(kernels, shape.m, blocking_.k, shape.transpose_a));
    }
    for (int part = 0; part < parts_; ++part) own_panels_.emplace_back(block_bytes);
  } else {
    if (!method.b_packed_beforehand) panels_ = Buffer(block_bytes);
    const std::size_t bytes = copies_a_ ? row_block_bytes(kernels, blocking_.rows, blocking_.k, shape.transpose_a) : 0;
    for (int part = 0; part < parts_; ++part) row_blocks_.emplace_back(bytes);
  }
}

void Product::run(const std::byte* a, const std::byte* b, std::byte* c, const Epilogue* epilogue) {
  const Operands o{.a = a, .b = b, .c = c, .tail = tail_rows_.data(), .epilogue = epilogue};
  if (!tiles_.empty()) {
    tiles_.run(a, b, c);
    return finish(o, {0, shape_.m, 0, shape_.n});
  }
  if (tail_) tail_->gather(b, tail_rows_.data());
  if (strategy_ == Strategy::packed) return run_packed(o);
  if (strategy_ == Strategy::streamed) return run_streamed(o);
  if (strategy_ == Strategy::in_place && !thin_) return run_in_place(o);
  splits_k_ ? run_split(o) : run_few_rows(o);
}

// A thread's rows of the last columns.
void Product::multiply_tail(const Operands& o, int thread) const {
  if (!tail_) return;
  const std::int64_t first = shape_.m * thread / parts_, last = shape_.m * (thread + 1) / parts_;
  tail_->multiply(o.a, o.tail, o.c, first, last);
  finish(o, {first, last - first, shape_.n, tail_->columns()});
}

// Once all sums of a part are complete.
void Product::finish(const Operands& o, const Part& part) const {
  if (o.epilogue == nullptr) return;
  const std::int64_t bytes = kernels_.sum_bytes, offset = (part.row * shape_.ldc + part.column) * bytes;
  kernels_.apply_epilogue({.rows = part.rows,
                           .columns = part.columns,
                           .c = o.c + offset,
                           .row = shape_.ldc * bytes,
                           .bias = o.epilogue->bias + part.column * bytes,
                           .residual = o.epilogue->residual != nullptr ? o.epilogue->residual + offset : nullptr,
                           .relu = o.epilogue->relu});
}

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
  // Rows of A that are used once only have to be few enough for what follows the product to find them in the cache.
  const std::int64_t bytes_of_tile = tile_rows_ * (shape_.k * kernels_.value_bytes + shape_.n * kernels_.sum_bytes);
  const std::int64_t few = shape_.n > kernels_.panel_columns()
                               ? kFewTiles
                               : std::max(kFewTiles, static_cast<std::int64_t>(caches().l2) / 2 / bytes_of_tile);
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
  if (parts_ == 1) {
    for (std::int64_t i = 0; i < row_parts * column_parts; ++i) multiply(i);
    return multiply_tail(o, 0);
  }
  shares_.start(row_parts * column_parts, parts_);
  on_all([&](int part) {
    for (std::int64_t i = shares_.take(part); i >= 0; i = shares_.take(part)) multiply(i);
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

RowBlock Product::pack_a(const std::byte* a, std::int64_t first_row, std::int64_t rows, std::int64_t first_k,
                         std::int64_t k, std::byte* out) const {
  const std::int64_t offset = shape_.transpose_a ? first_k * shape_.lda + first_row : first_row * shape_.lda + first_k;
  return pack_rows(kernels_, {a + offset * kernels_.value_bytes, shape_.lda, shape_.transpose_a}, rows, k, out);
}

// Copied, or where they are.
RowBlock Product::rows_of_a(const std::byte* a, std::int64_t first_row, std::int64_t rows, std::int64_t first_k,
                            std::int64_t k, int part) const {
  if (copies_a_) return pack_a(a, first_row, rows, first_k, k, row_blocks_[part].data());
  const std::int64_t value = kernels_.value_bytes, word = kernels_.word_bytes;
  const std::int64_t row = shape_.transpose_a ? value : shape_.lda * value;
  const std::int64_t step = shape_.transpose_a ? shape_.lda * value : word;
  return {a + first_row * row + first_k / kernels_.group * step, row * kernels_.rows, row, step};
}

void Product::pack_b(const std::byte* b, std::int64_t first_column, std::int64_t first_k, std::int64_t k,
                     std::byte* out) const {
  const std::int64_t offset =
      shape_.transpose_b ? first_column * shape_.ldb + first_k : first_k * shape_.ldb + first_column;
  const std::int64_t columns = std::min<std::int64_t>(kernels_.panel_columns(), shape_.n - first_column);
  pack_panel(kernels_, {b + offset * kernels_.value_bytes, shape_.ldb, shape_.transpose_b}, columns, k, out);
}

// A panel's share of k for a block of rows.
void Product::multiply(const Operands& o, const RowBlock& block, std::int64_t first_row, std::int64_t rows,
                       const std::byte* panel, std::int64_t first_column, std::int64_t first_k, std::int64_t k) const {
  const std::int64_t columns = std::min<std::int64_t>(kernels_.panel_columns(), shape_.n - first_column);
  const std::int64_t step = std::int64_t{kernels_.panel_columns()} * kernels_.word_bytes;
  const auto bytes = static_cast<std::int64_t>(panel_bytes(kernels_, k));
  multiply_panel(kernels_, block, rows, {panel, step, columns, {panel + panel_bytes_, bytes}}, k,
                 first_k > 0 || shape_.accumulate, o.c + (first_row * shape_.ldc + first_column) * kernels_.sum_bytes,
                 shape_.ldc);
  if (first_k + k == shape_.k) finish(o, {first_row, rows, first_column, columns});
}

// For each block of k by columns that fits into L3: all threads pack B, then take blocks of rows in turn.
void Product::run_packed(const Operands& o) {
  const std::int64_t panel = kernels_.panel_columns();
  const std::int64_t row_blocks = ceil_div(shape_.m, blocking_.rows);
  const std::byte* packed = o.b;  // the block's panels
  for (std::int64_t first_column = 0; first_column < shape_.n; first_column += blocking_.columns) {
    const std::int64_t panels = ceil_div(std::min(blocking_.columns, shape_.n - first_column), panel);
    // Too few blocks of rows for the threads: each is shared, by ranges of panels.
    const std::int64_t cuts = std::clamp<std::int64_t>(ceil_div(2 * parts_, row_blocks), 1, parts_ == 1 ? 1 : panels);
    for (std::int64_t first_k = 0; first_k < shape_.k; first_k += blocking_.k) {
      const std::int64_t ks = std::min(blocking_.k, shape_.k - first_k);
      std::atomic<std::int64_t> next_panel{0};
      if (!o.b_is_packed) {
        on_all([&](int) { pack_panels(o.b, next_panel, first_column, panels, first_k, ks, panels_.data()); });
        packed = panels_.data();
      }
      shares_.start(row_blocks * cuts, parts_);
      on_all([&](int part) {
        std::int64_t packed_rows = -1;
        RowBlock block{};
        for (std::int64_t unit = shares_.take(part); unit >= 0; unit = shares_.take(part)) {
          const std::int64_t row_block = unit / cuts, cut = unit % cuts;
          const std::int64_t first_row = block_start(shape_.m, row_blocks, row_block, kernels_.rows);
          const std::int64_t rows = block_start(shape_.m, row_blocks, row_block + 1, kernels_.rows) - first_row;
          if (row_block != packed_rows) block = rows_of_a(o.a, first_row, rows, first_k, ks, part);
          packed_rows = row_block;
          for (std::int64_t i = panels * cut / cuts; i < panels * (cut + 1) / cuts; ++i) {
            multiply(o, block, first_row, rows, packed + i * panel_bytes_, first_column + i * panel, first_k, ks);
          }
        }
      });
      packed += panels * panel_bytes_;
    }
  }
  if (tail_) on_all([&](int thread) { multiply_tail(o, thread); });
}

std::size_t Product::packed_b_bytes() const {
  if (strategy_ != Strategy::packed) return 0;
  return panel_bytes_ * ceil_div(shape_.n, kernels_.panel_columns()) * ceil_div(shape_.k, blocking_.k) +
         (tail_ ? tail_->bytes() : 0);
}

void Product::pack_all_of_b(const std::byte* b, std::byte* packed) {
  const std::int64_t panel = kernels_.panel_columns();
  for (std::int64_t first_column = 0; first_column < shape_.n; first_column += blocking_.columns) {
    const std::int64_t panels = ceil_div(std::min(blocking_.columns, shape_.n - first_column), panel);
    for (std::int64_t first_k = 0; first_k < shape_.k; first_k += blocking_.k) {
      std::atomic<std::int64_t> next{0};
      pack_panels(b, next, first_column, panels, first_k, std::min(blocking_.k, shape_.k - first_k), packed);
      packed += panels * panel_bytes_;
    }
  }
  if (tail_) tail_->gather(b, packed);
}

void Product::run_on_packed_b(const std::byte* a, const std::byte* packed, std::byte* c) {
  const std::byte* tail = tail_ ? packed + packed_b_bytes() - tail_->bytes() : nullptr;
  run_packed({.a = a, .b = packed, .c = c, .tail = tail, .b_is_packed = true});
}

// A is packed as a whole. Each thread packs blocks of B, which stay in its L2, and uses them at once.
void Product::run_streamed(const Operands& o) {
  const std::int64_t blocks = ceil_div(shape_.k, blocking_.k), strips = ceil_div(shape_.n, blocking_.columns);
  const std::int64_t panel = kernels_.panel_columns();
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t first_k = i * blocking_.k;
    rows_[i] = pack_a(o.a, 0, shape_.m, first_k, std::min(blocking_.k, shape_.k - first_k), row_blocks_[i].data());
  }
  std::atomic<std::int64_t> next{0};
  on_all([&](int part) {
    std::byte* own = own_panels_[part].data();
    for (std::int64_t i = next++; i < strips; i = next++) {
      const std::int64_t first_column = i * blocking_.columns;
      const std::int64_t panels = ceil_div(std::min(blocking_.columns, shape_.n - first_column), panel);
      for (std::int64_t block = 0; block < blocks; ++block) {
        const std::int64_t first_k = block * blocking_.k, ks = std::min(blocking_.k, shape_.k - first_k);
        std::atomic<std::int64_t> all{0};
        pack_panels(o.b, all, first_column, panels, first_k, ks, own);
        for (std::int64_t p = 0; p < panels; ++p) {
          multiply(o, rows_[block], 0, shape_.m, own + p * panel_bytes_, first_column + p * panel, first_k, ks);
        }
      }
    }
  });
}

// Threads take panels in turn or, of a B whose rows cross all panels, some rows, which memory is fastest at.
void Product::pack_panels(const std::byte* b, std::atomic<std::int64_t>& next, std::int64_t first_column,
                          std::int64_t panels, std::int64_t first_k, std::int64_t ks, std::byte* out) {
  const std::int64_t panel = kernels_.panel_columns();
  if (shape_.transpose_b || kernels_.has_start) {
    for (std::int64_t i = next++; i < panels; i = next++) {
      pack_b(b, first_column + i * panel, first_k, ks, out + i * panel_bytes_);
    }
    return;
  }
  const std::int64_t rows = kPackedRows * kernels_.group, bytes = panel_bytes(kernels_, rows);
  for (std::int64_t chunk = next++; chunk * rows < ks; chunk = next++) {
    const std::int64_t first = chunk * rows;
    for (std::int64_t i = 0; i < panels; ++i) {
      pack_b(b, first_column + i * panel, first_k + first, std::min(rows, ks - first),
             out + i * panel_bytes_ + chunk * bytes);
    }
  }
}

}  // namespace whygpu::simd
