// Which way a product takes; the limits were measured.
#include "backends/devices/ceil_div.h"
#include "backends/simd/product.h"

namespace whygpu::simd {
namespace {

constexpr std::int64_t kLongDot = 16;  // vectors
constexpr std::int64_t kFewTiles = 4;  // of rows

}  // namespace

std::string Product::obstacle(const Shape& shape, const Kernels& kernels, Strategy strategy) {
  switch (strategy) {
    case Strategy::in_place:
      if (!kernels.reads_a || !kernels.reads_b) return "these kernels read packed operands only";
      return shape.transpose_b ? "a transposed B must be packed" : "";
    case Strategy::dots:
      if (kernels.dots[0][0] == nullptr) return "these kernels have no dot products";
      if (shape.accumulate) return "dot products are not added to C";
      if (!shape.transpose_b || shape.transpose_a) return "dot products need rows of A and of B along k";
      return shape.k % kernels.group == 0 ? "" : "k is not a multiple of a word's values";
    default: return "";
  }
}

Strategy Product::best_strategy(const Shape& shape, const Kernels& kernels) {
  const auto possible = [&](Strategy strategy) { return obstacle(shape, kernels, strategy).empty(); };
  const std::int64_t operands = kernels.value_bytes * (shape.m + shape.n) * shape.k;
  // Measured: copies pay if operands do not fit into L2, and if a value is used for several tiles.
  const bool small = operands <= static_cast<std::int64_t>(caches().l2) * 5 / 2;
  const bool few_rows = is_thin(shape, kernels), few_columns = is_narrow(shape, kernels);
  // Adding up the lanes of a dot product takes as long as some vectors of it.
  const bool long_dots = shape.k >= kLongDot * kernels.lanes * kernels.group;
  if (shape.m <= kernels.rows && long_dots && possible(Strategy::dots)) return Strategy::dots;
  if ((small || few_rows || few_columns) && possible(Strategy::in_place)) return Strategy::in_place;
  if (few_columns || (shape.m <= kernels.rows && kernels.reads_a)) return Strategy::packed;
  return ceil_div(shape.m, kernels.rows) <= kFewTiles ? Strategy::streamed : Strategy::packed;
}

bool Product::streams_b(const Shape& shape, const Kernels& kernels, Strategy strategy) {
  if (strategy == Strategy::streamed) return true;
  if (shape.n <= kernels.panel_columns()) return false;  // rows of B follow each other closely
  const std::int64_t bytes = shape.k * shape.n * kernels.value_bytes;
  return strategy == Strategy::in_place && is_thin(shape, kernels) && bytes > static_cast<std::int64_t>(caches().l2);
}

}  // namespace whygpu::simd
