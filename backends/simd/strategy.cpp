// Which way a product takes, and what it says of it; the limits were measured.
#include <algorithm>
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

// Measured: copies pay if operands do not fit into L2, and if a value is used for several tiles.
bool Product::is_small(const Shape& shape, const Kernels& kernels) {
  const std::int64_t operands = kernels.value_bytes * (shape.m + shape.n) * shape.k;
  return operands <= static_cast<std::int64_t>(caches().l2) * 5 / 2;
}

// Whether tiles that read A where it is are faster than a copy of it.
bool Product::reads_a_faster(const Shape& shape, const Kernels& kernels) {
  return is_small(shape, kernels) && !displace_each_other(shape.lda * kernels.value_bytes);
}

Strategy Product::best_strategy(const Shape& shape, const Kernels& kernels) {
  const auto possible = [&](Strategy strategy) { return obstacle(shape, kernels, strategy).empty(); };
  const bool few_rows = is_thin(shape, kernels), few_columns = is_narrow(shape, kernels);
  // Adding up the lanes of a dot product takes as long as some vectors of it.
  const bool long_dots = shape.k >= kLongDot * kernels.lanes * kernels.group;
  if (shape.m <= kernels.rows && long_dots && possible(Strategy::dots)) return Strategy::dots;
  if ((is_small(shape, kernels) || few_rows || few_columns) && possible(Strategy::in_place)) return Strategy::in_place;
  if (few_columns || (shape.m <= kernels.rows && kernels.reads_a)) return Strategy::packed;
  return ceil_div(shape.m, kernels.rows) <= kFewTiles ? Strategy::streamed : Strategy::packed;
}

bool Product::streams_b(const Shape& shape, const Kernels& kernels, Strategy strategy) {
  if (strategy == Strategy::streamed) return true;
  if (shape.n <= kernels.panel_columns()) return false;  // rows of B follow each other closely
  const std::int64_t bytes = shape.k * shape.n * kernels.value_bytes;
  return strategy == Strategy::in_place && is_thin(shape, kernels) && bytes > static_cast<std::int64_t>(caches().l2);
}

// Threads take vectors of columns of few rows. Where there are fewer than threads, they take parts of a long sum.
void Product::share_few_rows() {
  constexpr std::int64_t kLongSum = 8192;
  const std::int64_t vectors = ceil_div(shape_.n, kernels_.lanes);
  const bool sums_are_apart = shape_.ldc == shape_.n && !shape_.accumulate && !tail_;
  splits_k_ = strategy_ == Strategy::in_place && vectors < parts_ && shape_.k >= kLongSum * parts_ && sums_are_apart;
  if (!splits_k_) parts_ = static_cast<int>(std::min<std::int64_t>(parts_, vectors));
  for (int part = 1; splits_k_ && part < parts_; ++part) {
    partial_sums_.emplace_back(shape_.m * shape_.n * kernels_.sum_bytes);
  }
}

// How a B is read for few rows of A.
void Product::choose_streaming() {
  const auto l2 = static_cast<std::int64_t>(caches().l2);
  const std::int64_t row_bytes = shape_.n * kernels_.value_bytes;
  const bool in_cache = shape_.k * row_bytes <= l2;
  one_strip_ = !in_cache && shape_.n <= kernels_.panel_columns();
  streaming_ = in_cache     ? Streaming{shape_.k, false}
               : one_strip_ ? Streaming{std::max<std::int64_t>(l2 / 4 / row_bytes, 1), false}
                            : fastest_streaming(kernels_, tile_rows_);
}

int Product::threads() const { return parts_; }

std::string Product::describe() const {
  return describe_all_but_tail() + (tail_ ? ", the last " + std::to_string(tail_->columns()) + " apart" : "");
}

std::string Product::describe_all_but_tail() const {
  const auto by = [](std::int64_t rows, std::int64_t columns) {
    return std::to_string(rows) + "×" + std::to_string(columns);
  };
  const auto tiles = [&](std::int64_t columns) { return by(tile_rows_, columns) + " tiles, "; };
  const std::string block_of_b = "B in blocks of " + by(blocking_.k, blocking_.columns);
  switch (strategy_) {
    case Strategy::dots: return "dot products along k";
    case Strategy::in_place:
      if (tiles_.count() == 1) return "one tile, A and B read in place";
      if (whole_rows_) return tiles(kernels_.wide_vectors[tile_rows_ - 1] * kernels_.lanes) + "A and B read in place";
      if (thin_)
        return tiles(kernels_.wide_vectors[tile_rows_ - 1] * kernels_.lanes) + std::to_string(streaming_.steps) +
               " rows of B side by side in place" + (splits_k_ ? ", a part of k for each thread" : "") +
               (streaming_.fetched ? ", fetched ahead" : "") + (streaming_.measured ? ", as measured here" : "");
      return tiles(kernels_.panel_columns()) + "A and B read in place";
    case Strategy::streamed:
      return tiles(kernels_.panel_columns()) + "A packed, " + block_of_b + " packed and used at once";
    default:
      return tiles(kernels_.panel_columns()) +
             (copies_a_ ? "A packed in blocks of " + by(blocking_.rows, blocking_.k) : std::string("A read in place")) +
             ", " + block_of_b + " packed";
  }
}

}  // namespace whygpu::simd
