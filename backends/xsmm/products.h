// Products of any size by generated kernels.
#pragma once

#include <array>
#include <vector>

#include "backends/xsmm/kernels.h"

namespace whygpu::xsmm {

// Up to this m·n·k, libxsmm's own threshold, a product is one kernel. Larger ones are blocks of at most 64×64×64.
inline constexpr std::int64_t kOneKernel = std::int64_t{64} * 64 * 64;
inline constexpr std::int64_t kBlockSide = 64;

template <class T>
class TiledProduct {
 public:
  // Throws if libxsmm cannot generate a kernel.
  explicit TiledProduct(const Block& whole);

  std::int64_t tiles() const { return row_tiles_ * column_tiles_; }
  // The kernel that is the whole product; null if it takes several.
  Kernel<T> only_kernel() const;

  // Computes one tile of C.
  void run(std::int64_t tile, const T* a, const T* b, Sum<T>* c) const;

 private:
  Block whole_, block_;
  std::int64_t row_tiles_ = 1, column_tiles_ = 1, k_blocks_ = 1;
  // By: last row tile, last column tile, last block of k, added to C.
  std::array<Kernel<T>, 16> kernels_{};
};

}  // namespace whygpu::xsmm
