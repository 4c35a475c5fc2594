// How large the parts of a product are that stay in each cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "backends/simd/kernels.h"

namespace whygpu::simd {

// Bytes of the caches of one core; L3 is what its cores share.
struct Caches {
  std::size_t l1 = std::size_t{32} << 10, l2 = std::size_t{512} << 10, l3 = std::size_t{8} << 20;
  int l2_ways = 8;
  bool huge_pages = true;                          // for working memory
  std::size_t small_pages = std::size_t{4} << 20;  // bytes that the TLB translates without them
};

// Linux's setting for transparent huge pages: "always", "madvise" or "never".
std::string system_huge_pages();

// Of this machine's first CPU. What is unknown keeps a small machine's value.
const Caches& caches();

// Whether rows so many bytes apart, which is some pages, displace each other in L1.
constexpr bool displace_each_other(std::int64_t row_bytes) { return row_bytes % 4096 == 0; }

// All in values, multiples of what a tile or a word needs.
struct Blocking {
  std::int64_t k = 0;        // values of a sum that are added before C is written
  std::int64_t rows = 0;     // so many rows of A stay in L2
  std::int64_t columns = 0;  // so many columns of B stay in L3
};

// For a product m×n×k on `threads` threads. After Low, Igual, Smith and Quintana-Ortí, "Analytical modeling is enough
// for high-performance BLIS", 2016, with L2 in the place of L1: vectors of B and words of A come fast enough from
// there, and longer sums write C less often. Three eighths of L2's ways are A's, and hold at least eight tiles or 96
// rows, between which the next panel of B is fetched. A block of B takes a quarter of L3 at most, and, in small pages,
// half of what the TLB translates. Blocks are then made equally large, and smaller where threads would have too few of
// them.
Blocking choose_blocking(const Kernels& kernels, const Caches& caches, std::int64_t m, std::int64_t n, std::int64_t k,
                         int threads);

// Where block `index` of `blocks` begins: the tiles of `extent` rows are dealt out evenly.
inline std::int64_t block_start(std::int64_t extent, std::int64_t blocks, std::int64_t index, std::int64_t tile_rows) {
  const std::int64_t tiles = (extent + tile_rows - 1) / tile_rows;
  return std::min(tiles * index / blocks * tile_rows, extent);
}

// For few rows: blocks of B take half of L2, and are wide, because memory is fastest at long rows. `rows` is unused.
Blocking choose_streamed_blocking(const Kernels& kernels, const Caches& caches, std::int64_t n, std::int64_t k,
                                  int threads);

}  // namespace whygpu::simd
