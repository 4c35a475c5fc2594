#include "backends/simd/panels.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "backends/devices/ceil_div.h"

namespace whygpu::simd {
namespace {

constexpr std::int64_t kRowsTogether = 16;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::int64_t vector_bytes(const Kernels& kernels) { return std::int64_t{kernels.lanes} * kernels.word_bytes; }

// Vectors of a step of packed, transposed A.
std::int64_t row_vectors(const Kernels& kernels) { return ceil_div(kernels.rows, kernels.lanes); }

std::int64_t steps_of(const Kernels& kernels, std::int64_t k) { return ceil_div(k, kernels.group); }

}  // namespace

Buffer::Buffer(std::size_t bytes) : storage_(nullptr, std::free) {
  if (bytes == 0) return;
  const std::size_t page = bytes >= kHugePage ? kHugePage : kLine;
  bytes = (bytes + page - 1) / page * page;
  storage_.reset(static_cast<std::byte*>(std::aligned_alloc(page, bytes)));
  if (!storage_) throw std::bad_alloc();
  if (page == kHugePage) madvise(storage_.get(), bytes, MADV_HUGEPAGE);
  std::memset(storage_.get(), 0, bytes);  // so that no operation is the first to touch a page
}

std::int64_t padded_row(const Kernels& kernels, std::int64_t k) {
  const std::int64_t vector = vector_bytes(kernels);
  return ceil_div(steps_of(kernels, k) * kernels.word_bytes, vector) * vector + kLine;
}

std::size_t row_block_bytes(const Kernels& kernels, std::int64_t rows, std::int64_t k, bool transposed) {
  if (!transposed || kernels.copy_transposed_a != nullptr) return rows * padded_row(kernels, k);
  return ceil_div(rows, kernels.rows) * steps_of(kernels, k) * row_vectors(kernels) * vector_bytes(kernels);
}

RowBlock pack_rows(const Kernels& kernels, const Matrix& a, std::int64_t rows, std::int64_t k, std::byte* out) {
  const std::int64_t value = kernels.value_bytes, word = kernels.word_bytes;
  if (!a.transposed || kernels.copy_transposed_a != nullptr) {
    const std::int64_t row = padded_row(kernels, k);
    const Pack copy = a.transposed ? kernels.copy_transposed_a : kernels.copy_a;
    copy({.in = a.data, .in_row = a.stride * value, .k = k, .columns = rows, .out = out, .out_row = row});
    return {out, row * kernels.rows, row, word};
  }
  const std::int64_t step = row_vectors(kernels) * vector_bytes(kernels), tile = steps_of(kernels, k) * step;
  // Some rows of the stored matrix at a time, as a whole.
  const std::int64_t chunk = kRowsTogether * kernels.group;
  for (std::int64_t first = 0; first < k; first += chunk) {
    for (std::int64_t i = 0; i < rows; i += kernels.rows) {
      kernels.pack_transposed_a({.in = a.data + (first * a.stride + i) * value,
                                 .in_row = a.stride * value,
                                 .k = std::min(chunk, k - first),
                                 .columns = std::min<std::int64_t>(kernels.rows, rows - i),
                                 .vectors = static_cast<int>(row_vectors(kernels)),
                                 .out = out + i / kernels.rows * tile + first / kernels.group * step});
    }
  }
  return {out, tile, word, step};
}

std::size_t panel_bytes(const Kernels& kernels, std::int64_t k) {
  return static_cast<std::size_t>(steps_of(kernels, k) + (kernels.has_start ? 1 : 0)) * kernels.panel_columns() *
         kernels.word_bytes;
}

void pack_panel(const Kernels& kernels, const Matrix& b, std::int64_t columns, std::int64_t k, std::byte* out) {
  const Panel panel{.in = b.data,
                    .in_row = b.stride * kernels.value_bytes,
                    .k = k,
                    .columns = columns,
                    .vectors = kernels.vectors,
                    .out = out};
  (b.transposed ? kernels.pack_transposed_b : kernels.pack_b)(panel);
}

TileKernel choose_tile(const Kernels& kernels, std::int64_t rows, std::int64_t columns) {
  const std::int64_t vectors = ceil_div(columns, kernels.lanes);
  const int last_lanes = static_cast<int>(columns - (vectors - 1) * kernels.lanes);
  return {kernels.tile[rows - 1][vectors - 1][last_lanes < kernels.lanes ? 1 : 0], last_lanes};
}

void multiply_panel(const Kernels& kernels, const RowBlock& a, std::int64_t rows, const PanelView& b, std::int64_t k,
                    bool accumulate, std::byte* c, std::int64_t ldc) {
  Tile tile{.steps = steps_of(kernels, k),
            .a_row = a.row,
            .a_step = a.step,
            .b = b.b,
            .b_step = b.step,
            .c_row = ldc * kernels.sum_bytes,
            .accumulate = accumulate};
  const std::int64_t next_bytes = tile.steps * kLine;
  const TileKernel whole = choose_tile(kernels, std::min<std::int64_t>(kernels.rows, rows), b.columns);
  PanelView::Fetched next = b.next, then = b.then;
  tile.a = a.a;
  tile.c = c;
  for (std::int64_t i = 0; i < rows; i += kernels.rows) {
    // The first tiles fetch what comes next, the others the next tile's rows.
    if (next.bytes <= 0) std::swap(next, then);
    tile.next = next.bytes > 0 ? next.data : tile.a + a.tile;
    next.data += next_bytes;
    next.bytes -= next_bytes;
    if (i + kernels.rows <= rows || i == 0) {
      whole.run(tile);
    } else {
      choose_tile(kernels, rows - i, b.columns).run(tile);
    }
    tile.a += a.tile;
    tile.c += kernels.rows * tile.c_row;
  }
}

void add_values(const Kernels& kernels, const std::byte* from, std::int64_t count, std::byte* to) {
  const auto add = [count]<class T>(const T* more, T* sums) {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < count; ++i) sums[i] += more[i];
  };
  if (kernels.dtype == DType::f64) {
    add(reinterpret_cast<const double*>(from), reinterpret_cast<double*>(to));
  } else {
    add(reinterpret_cast<const float*>(from), reinterpret_cast<float*>(to));
  }
}

}  // namespace whygpu::simd
