// Copies A and B into words, in the order in which a tile reads them. Included like micro_kernel.h.
#pragma once

#include "backends/simd/depthwise_kernel.h"
#include "backends/simd/dot_kernel.h"
#include "backends/simd/epilogue_kernel.h"
#include "backends/simd/winograd_kernel.h"

namespace whygpu::simd {
namespace {

// Lanes of two rows of a square after the quarters of side kHalf off its diagonal were swapped; kSecond of the rows.
template <int kHalf, bool kSecond, class V, int... kLane>
V swap_quarters(V first, V second, std::integer_sequence<int, kLane...>) {
  constexpr int kWidth = sizeof...(kLane), kFirstLane = kSecond ? kHalf : 0;
  return __builtin_shufflevector(first, second,
                                 ((kLane & kHalf) == 0 ? kLane + kFirstLane : kWidth + kLane - kHalf + kFirstLane)...);
}

// Transposes a square of vectors, in squares that double in size.
template <int kHalf = 1, class V, int kWidth>
void transpose(V (&rows)[kWidth]) {
  constexpr auto kAllLanes = std::make_integer_sequence<int, kWidth>();
#pragma GCC unroll 16
  for (int i = 0; i < kWidth; ++i) {
    if ((i & kHalf) != 0) continue;
    const V first = rows[i], second = rows[i + kHalf];
    rows[i] = swap_quarters<kHalf, false>(first, second, kAllLanes);
    rows[i + kHalf] = swap_quarters<kHalf, true>(first, second, kAllLanes);
  }
  if constexpr (2 * kHalf < kWidth) transpose<2 * kHalf>(rows);
}

// Words of `group` rows of values, `row` bytes apart; `rows` of them exist, and `columns` columns.
template <class Kind, bool kOfA>
typename Kind::Words words_across(const std::byte* in, std::int64_t row, std::int64_t rows, std::int64_t columns) {
  using Value = typename Kind::Value;
  constexpr int kWidth = kLanes<Kind>;
  const auto* values = reinterpret_cast<const Value*>(in);
  const std::int64_t stride = row / static_cast<std::int64_t>(sizeof(Value));
  if (rows >= Kind::kGroup) {
    if (columns >= kWidth) return Kind::template across<kOfA, true>(values, stride, kWidth);
    return Kind::template across<kOfA, false>(values, stride, columns > 0 ? static_cast<int>(columns) : 0);
  }
  Value staged[Kind::kGroup][kWidth] = {};
  const std::int64_t count = columns < kWidth ? columns : kWidth;
  for (std::int64_t r = 0; r < rows; ++r) {
    if (count > 0) __builtin_memcpy(staged[r], in + r * row, count * sizeof(Value));
  }
  return Kind::template across<kOfA, true>(staged[0], kWidth, kWidth);
}

// The words of the next values of one row, of which `values` exist.
template <class Kind, bool kOfA>
typename Kind::Words words_along(const std::byte* in, std::int64_t values) {
  using Value = typename Kind::Value;
  constexpr std::int64_t kValues = kLanes<Kind> * Kind::kGroup;
  if (values >= kValues) return Kind::template along<kOfA>(reinterpret_cast<const Value*>(in));
  Value staged[kValues] = {};
  if (values > 0) __builtin_memcpy(staged, in, values * sizeof(Value));
  return Kind::template along<kOfA>(staged);
}

// Fills the first step of a panel of B with the values that sums start with.
template <class Kind>
class Start {
 public:
  static constexpr std::int64_t kSteps = Kind::kHasStart ? 1 : 0;
  void add(int vector, typename Kind::Words words) {
    if constexpr (Kind::kHasStart) sums_[vector] = Kind::start(sums_[vector], words);
  }
  void write(std::byte* panel, int vectors) const {
    if constexpr (Kind::kHasStart) {
      for (int v = 0; v < vectors; ++v) store(panel + v * sizeof sums_[v], sums_[v]);
    }
  }

 private:
  typename Kind::Sums sums_[kMaxVectors] = {};
};

// From rows along the columns of B, or of a transposed A.
template <class Kind, bool kOfA>
void pack_rows(const Panel& p) {
  using Words = typename Kind::Words;
  constexpr std::int64_t kWidth = kLanes<Kind>, kBytes = sizeof(Words);
  Start<Kind> start;
  std::byte* out = p.out + (kOfA ? 0 : Start<Kind>::kSteps) * p.vectors * kBytes;
  for (std::int64_t k = 0; k < p.k; k += Kind::kGroup) {
    const std::byte* in = p.in + k * p.in_row;
    // Rows are read some at a time, side by side, which hides their order from the processor.
    for (int line = 0; line < p.vectors * static_cast<int>(kWidth * sizeof(typename Kind::Value)); line += kLine) {
      for (int i = 0; i < Kind::kGroup; ++i) __builtin_prefetch(in + i * p.in_row + line + kPackAhead, 0, 3);
    }
    for (int v = 0; v < p.vectors; ++v) {
      const std::int64_t column = v * kWidth;
      const Words words = words_across<Kind, kOfA>(
          in + column * static_cast<std::int64_t>(sizeof(typename Kind::Value)), p.in_row, p.k - k, p.columns - column);
      if constexpr (!kOfA) start.add(v, words);
      store(out, words);
      out += kBytes;
    }
  }
  if constexpr (!kOfA) start.write(p.out, p.vectors);
}

// From rows along k, one for each column of B.
template <class Kind>
void pack_columns(const Panel& p) {
  using Words = typename Kind::Words;
  constexpr int kWidth = kLanes<Kind>;
  constexpr std::int64_t kBytes = sizeof(Words), kValueBytes = sizeof(typename Kind::Value);
  constexpr std::int64_t kValues = kWidth * Kind::kGroup;
  Start<Kind> start;
  std::byte* const first = p.out + Start<Kind>::kSteps * p.vectors * kBytes;
  const std::int64_t steps = (p.k + Kind::kGroup - 1) / Kind::kGroup;
  for (int v = 0; v < p.vectors; ++v) {
    for (std::int64_t k = 0, step = 0; k < p.k; k += kValues, step += kWidth) {
      Words square[kWidth];
#pragma GCC unroll 16
      for (int lane = 0; lane < kWidth; ++lane) {
        const std::int64_t column = v * kWidth + lane;
        square[lane] = Words{};
        if (column < p.columns) {
          square[lane] = words_along<Kind, false>(p.in + column * p.in_row + k * kValueBytes, p.k - k);
        }
      }
      transpose(square);
      std::byte* out = first + (step * p.vectors + v) * kBytes;
#pragma GCC unroll 16
      for (int i = 0; i < kWidth; ++i) {
        if (step + i < steps) {
          start.add(v, square[i]);
          store(out + i * p.vectors * kBytes, square[i]);
        }
      }
    }
  }
  start.write(p.out, p.vectors);
}

// Rows of A, as rows of words.
template <class Kind>
void copy_rows(const Panel& p) {
  using Words = typename Kind::Words;
  constexpr std::int64_t kValues = kLanes<Kind> * Kind::kGroup, kValueBytes = sizeof(typename Kind::Value);
  for (std::int64_t i = 0; i < p.columns; ++i) {
    std::byte* out = p.out + i * p.out_row;
    for (std::int64_t k = 0; k < p.k; k += kValues, out += sizeof(Words)) {
      store(out, words_along<Kind, true>(p.in + i * p.in_row + k * kValueBytes, p.k - k));
    }
  }
}

// The same from a transposed A, stored k×m.
template <class Kind>
void copy_transposed_rows(const Panel& p) {
  using Words = typename Kind::Words;
  constexpr int kWidth = kLanes<Kind>;
  constexpr std::int64_t kValueBytes = sizeof(typename Kind::Value);
  for (std::int64_t k = 0, column = 0; k < p.k; k += kWidth * Kind::kGroup, column += sizeof(Words)) {
    for (std::int64_t i = 0; i < p.columns; i += kWidth) {
      Words square[kWidth];
#pragma GCC unroll 16
      for (int step = 0; step < kWidth; ++step) {
        const std::int64_t row = k + step * Kind::kGroup;
        square[step] = Words{};
        if (row < p.k) {
          square[step] =
              words_across<Kind, true>(p.in + row * p.in_row + i * kValueBytes, p.in_row, p.k - row, p.columns - i);
        }
      }
      transpose(square);
#pragma GCC unroll 16
      for (int r = 0; r < kWidth; ++r) {
        if (i + r < p.columns) store(p.out + (i + r) * p.out_row + column, square[r]);
      }
    }
  }
}

template <class Kind, int kRows>
constexpr void add_tiles(Kernels& kernels) {
  constexpr int kVectors = Kind::Isa::kVectors, kWide = Kind::Isa::wide_vectors(kRows);
  auto& tile = kernels.tile[kRows - 1];
  const auto add = [&tile]<int kUsed>() {
    tile[kUsed - 1][0] = multiply_tile<Kind, kRows, kUsed, false>;
    tile[kUsed - 1][1] = multiply_tile<Kind, kRows, kUsed, true>;
  };
  add.template operator()<1>();
  if constexpr (kVectors >= 2) add.template operator()<2>();
  if constexpr (kVectors >= 3) add.template operator()<3>();
  if constexpr (Kind::kReadsB) {
    kernels.wide_vectors[kRows - 1] = kWide;
    kernels.wide[kRows - 1][0] = multiply_tile<Kind, kRows, kWide, false, Fetch::nothing>;
    kernels.wide[kRows - 1][1] = multiply_tile<Kind, kRows, kWide, false, Fetch::along_rows>;
    if constexpr (kRows == 1) kernels.row_of_vectors = multiply_tile<Kind, 1, kRowVectors, false, Fetch::nothing>;
  }
  if constexpr (Kind::kHasDots && kRows <= kMaxDotRows) {
    kernels.dots[kRows - 1][0] = multiply_dots<Kind, kRows, 1>;
    kernels.dots[kRows - 1][1] = multiply_dots<Kind, kRows, 2>;
    kernels.dots[kRows - 1][2] = multiply_dots<Kind, kRows, 3>;
    kernels.dots[kRows - 1][3] = multiply_dots<Kind, kRows, 4>;
  }
  if constexpr (kRows < Kind::Isa::kRows) add_tiles<Kind, kRows + 1>(kernels);
}

// All but the tiles.
template <class Kind>
constexpr Kernels describe_kernels(DType dtype, std::string_view isa, std::string_view instruction,
                                   bool (*available)(const Isa&)) {
  Kernels kernels;
  kernels.dtype = dtype;
  kernels.isa = isa;
  kernels.instruction = instruction;
  kernels.available = available;
  kernels.rows = Kind::Isa::kRows;
  kernels.vectors = Kind::Isa::kVectors;
  kernels.lanes = kLanes<Kind>;
  kernels.group = Kind::kGroup;
  kernels.value_bytes = sizeof(typename Kind::Value);
  kernels.word_bytes = sizeof(typename Kind::Words{}[0]);
  kernels.sum_bytes = sizeof(typename Kind::Sums{}[0]);
  kernels.reads_a = Kind::kReadsA;
  kernels.reads_b = Kind::kReadsB;
  kernels.has_start = Kind::kHasStart;
  kernels.copy_a = copy_rows<Kind>;
  kernels.pack_transposed_a = pack_rows<Kind, true>;
  kernels.pack_b = pack_rows<Kind, false>;
  kernels.pack_transposed_b = pack_columns<Kind>;
  return kernels;
}

template <class Kind>
constexpr Kernels make_kernels(DType dtype, std::string_view isa, std::string_view instruction,
                               bool (*available)(const Isa&)) {
  Kernels kernels = describe_kernels<Kind>(dtype, isa, instruction, available);
  add_tiles<Kind, 1>(kernels);
  if constexpr (Kind::kReadsB) {
    kernels.apply_epilogue = apply_epilogue<Kind>;
    kernels.sum_pixel = sum_pixels<Kind, 1>;
    kernels.sum_pixels = sum_pixels<Kind, kPixels>;
    kernels.sum_tap = sum_tap<Kind>;
    kernels.transform_image = transform_values<Kind, ImageMatrix>;
    kernels.transform_result = transform_planes<Kind, ResultMatrix>;
    kernels.transform_result_gradient = transform_values<Kind, ResultGradientMatrix>;
    kernels.transform_filter = transform_values<Kind, FilterMatrix>;
    kernels.transform_filter_gradient = transform_planes<Kind, FilterGradientMatrix>;
  }
  return kernels;
}

}  // namespace
}  // namespace whygpu::simd
