// The innermost loops of the simd backend, one set for each dtype and instruction set, as functions that the rest
// calls.
//
// A word is what one lane of a vector multiplies: one value of f32 or f64, two of bf16, four of s8, neighbours along k.
// A vector of B holds the words of as many columns as it has lanes; a word of A is repeated in all lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/devices/isa.h"
#include "whygpu/dtype.h"

namespace whygpu::simd {

// Part of C: rows × columns values, C = A·B or C += A·B over `steps` words of k. Strides are in bytes.
struct Tile {
  std::int64_t steps = 0;
  const std::byte* a = nullptr;
  std::int64_t a_row = 0, a_step = 0;
  const std::byte* b = nullptr;
  std::int64_t b_step = 0;  // from the vectors of one step to those of the next
  std::byte* c = nullptr;
  std::int64_t c_row = 0;
  int last_lanes = 0;  // columns in the last vector
  bool accumulate = false;
  bool fetch_c = true;              // ahead of its use
  const std::byte* next = nullptr;  // a line for each step, which another tile will need

  // A sum may go over several places of A, `steps` steps at each: their distances from `a` in bytes, the first being 0.
  std::int64_t taps = 1;
  const std::int64_t* tap_offsets = nullptr;
};
using MultiplyTile = void (*)(const Tile&);

// Dot products, for few rows of A and a transposed B: rows × columns of them, along k.
struct Dots {
  std::int64_t steps = 0;  // words
  const std::byte* a = nullptr;
  std::int64_t a_row = 0;
  const std::byte* b = nullptr;
  std::int64_t b_column = 0;
  std::byte* c = nullptr;
  std::int64_t c_row = 0;
};
using MultiplyDots = void (*)(const Dots&);

// Pixels of a convolution whose channels do not mix: y[i][c] = Σ x[t][i][c]·w[t][c] over the taps t. Strides are in
// bytes.
struct PixelSum {
  std::int64_t channels = 0, taps = 0;
  const std::byte* const* x = nullptr;  // of each tap, the first pixel
  std::int64_t x_pixel = 0;
  const std::byte* const* w = nullptr;  // of each tap, its weights
  std::byte* y = nullptr;
  std::int64_t y_pixel = 0;
};
using SumPixel = void (*)(const PixelSum&);

// Its gradient for one tap: w[c] += Σ x[i][c]·y[i][c] over pixels i. Strides are in bytes.
struct TapSum {
  std::int64_t channels = 0, pixels = 0;
  const std::byte* x = nullptr;
  std::int64_t x_pixel = 0;
  const std::byte* y = nullptr;
  std::int64_t y_pixel = 0;
  std::byte* w = nullptr;
};
using SumTap = void (*)(const TapSum&);

// Winograd's transforms (winograd.h): from values at given addresses to one value in each of 36 planes, and back.
struct ValuesTransform {
  std::int64_t channels = 0;
  const std::byte* const* values = nullptr;  // of each, the first channel
  std::byte* out = nullptr;
  std::int64_t plane = 0;  // bytes from one plane to the next
};
using TransformValues = void (*)(const ValuesTransform&);

struct PlanesTransform {
  std::int64_t channels = 0;
  const std::byte* in = nullptr;
  std::int64_t plane = 0;
  std::byte* const* values = nullptr;
  const std::byte* bias = nullptr;  // added to every result, of each channel; null: none
  bool relu = false;
};
using TransformPlanes = void (*)(const PlanesTransform&);

// c = activation(c + bias) + residual on rows of a result. Strides are in bytes; a residual lies like `c`.
struct EpilogueRows {
  std::int64_t rows = 0, columns = 0;
  std::byte* c = nullptr;
  std::int64_t row = 0;
  const std::byte* bias = nullptr;
  const std::byte* residual = nullptr;  // null: none
  bool relu = false;
};
using ApplyEpilogue = void (*)(const EpilogueRows&);

// A part of A or B to be copied into words in the order in which a tile reads them; what is missing becomes zeros.
struct Panel {
  const std::byte* in = nullptr;
  std::int64_t in_row = 0;   // bytes between rows of `in`
  std::int64_t k = 0;        // values
  std::int64_t columns = 0;  // of B, or rows of A
  int vectors = 0;           // of a step of the result
  std::byte* out = nullptr;
  std::int64_t out_row = 0;  // bytes between rows of the result of copy_a
};
using Pack = void (*)(const Panel&);

inline constexpr int kLine = 64;  // bytes of the cache
inline constexpr int kMaxRows = 32, kMaxVectors = 3, kDotColumns = 4, kMaxDotRows = 4, kPixels = 4, kRowVectors = 4;

struct Kernels {
  DType dtype = DType::f32;
  std::string_view isa;          // as written in a case
  std::string_view instruction;  // what the inner loop issues, and conversions
  bool (*available)(const Isa&) = nullptr;

  int rows = 0, vectors = 0, lanes = 0;  // of the largest tile; words in a vector
  int group = 1;                         // values in a word
  int step_words = 1;                    // words of k that a tile multiplies at once; a sum of fewer takes as long
  int value_bytes = 0, word_bytes = 0, sum_bytes = 0;
  bool reads_a = false, reads_b = false;  // A and B as the caller has them, not only packed ones
  bool has_start = false;                 // a packed panel of B begins with one step of values to start sums with

  MultiplyTile tile[kMaxRows][kMaxVectors][2] = {};  // [rows - 1][vectors - 1][whether the last vector is partly used]
  int wide_vectors[kMaxRows] = {};                   // of a tile whose vectors take all registers, for few rows of A
  MultiplyTile wide[kMaxRows][2] = {};  // [rows - 1][whether B is fetched ahead]; null if B is not read in place
  // One row of so many vectors, so that no addition waits for the last; null if B is not read in place.
  MultiplyTile row_of_vectors = nullptr;
  MultiplyDots dots[kMaxDotRows][kDotColumns] = {};  // [rows - 1][columns - 1]; null if there are none

  SumPixel sum_pixel = nullptr, sum_pixels = nullptr;  // one pixel, kPixels pixels; f32 and f64 only
  SumTap sum_tap = nullptr;

  TransformValues transform_image = nullptr;            // 6×6 values; f32 and f64 only
  TransformPlanes transform_result = nullptr;           // to 4×4 values
  TransformValues transform_result_gradient = nullptr;  // 4×4 values
  TransformValues transform_filter = nullptr;           // 3×3 values
  TransformPlanes transform_filter_gradient = nullptr;  // to 3×3 values

  ApplyEpilogue apply_epilogue = nullptr;  // f32 and f64 only

  Pack copy_a = nullptr;             // A row by row: rows of words
  Pack copy_transposed_a = nullptr;  // the same of A stored k×m; null if tiles take steps of words
  Pack pack_transposed_a = nullptr;  // A stored k×m: steps of `columns` words
  Pack pack_b = nullptr;             // B stored k×n: steps of vectors·lanes words
  Pack pack_transposed_b = nullptr;  // B stored n×k

  int panel_columns() const { return vectors * lanes; }
};

// All that were compiled for this architecture, for each dtype the best first. Not all run on every processor.
std::span<const Kernels* const> all_kernels();

// The best for this processor, or those of the instruction set; null if there are none.
const Kernels* find_kernels(DType dtype, std::string_view isa = {});

// Names of the instruction sets that have kernels of the dtype and run on this processor, the best first.
std::vector<std::string_view> instruction_sets(DType dtype);

// Why find_kernels() finds none.
std::string missing_kernels(DType dtype, std::string_view isa);

}  // namespace whygpu::simd
