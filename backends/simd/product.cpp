#include "backends/simd/product.h"

#include <algorithm>

#include "backends/devices/ceil_div.h"
#include "backends/simd/epilogue.h"

namespace whygpu::simd {
namespace {

constexpr std::int64_t kPackedRows = 16;  // rows of B that are read side by side

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
  // Waking a thread takes as long as a small product, looking for what others have left as long as a short one.
  constexpr std::int64_t kWorthwhile = std::int64_t{40} * 40 * 40, kShort = std::int64_t{128} * 128 * 128;
  if (threads != nullptr && shape.m * shape.n * shape.k > kWorthwhile) parts_ = threads->count();
  steals_ = parts_ > 1 && shape.m * shape.n * shape.k > kShort;
  if ((strategy_ == Strategy::in_place && thin_) || strategy_ == Strategy::dots) share_few_rows();
  blocking_ = choose_blocking(kernels, caches(), shape.m, shape.n, shape.k, parts_);
  if (strategy_ == Strategy::in_place && thin_) choose_streaming();
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

// After the thread's `last` one; at first, and when there are no more, -1.
std::int64_t Product::next_unit(std::int64_t units, int thread, std::int64_t last) {
  if (steals_) return shares_.take(thread);
  const std::int64_t next = last < 0 ? units * thread / parts_ : last + 1;
  return next < units * (thread + 1) / parts_ ? next : -1;
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
      const std::int64_t units = row_blocks * cuts;
      if (steals_) shares_.start(units, parts_);
      on_all([&](int part) {
        std::int64_t packed_rows = -1;
        RowBlock block{};
        for (std::int64_t unit = next_unit(units, part, -1); unit >= 0; unit = next_unit(units, part, unit)) {
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
