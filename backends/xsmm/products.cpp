#include "backends/xsmm/products.h"

#include <algorithm>
#include <stdexcept>

#include "backends/devices/ceil_div.h"

namespace whygpu::xsmm {
namespace {

// Blocks of about equal size, at most kBlockSide, and multiples of `unit`.
std::int64_t side(std::int64_t extent, std::int64_t unit) {
  const std::int64_t even = ceil_div(extent, ceil_div(extent, kBlockSide));
  return std::min(ceil_div(even, unit) * unit, extent);
}

}  // namespace

template <class T>
TiledProduct<T>::TiledProduct(const Block& whole) : whole_(whole), block_(whole) {
  if (whole.m * whole.n * whole.k > kOneKernel) {
    constexpr std::int64_t kVector = 16;
    block_.m = side(whole.m, 1);
    block_.n = side(whole.n, kVector);
    block_.k = side(whole.k, kVector);
  }
  row_tiles_ = ceil_div(whole.m, block_.m);
  column_tiles_ = ceil_div(whole.n, block_.n);
  k_blocks_ = ceil_div(whole.k, block_.k);
  for (std::size_t i = 0; i < kernels_.size(); ++i) {
    const bool last_rows = (i & 8) != 0, last_columns = (i & 4) != 0, last_k = (i & 2) != 0, added = (i & 1) != 0;
    if (added && !whole.accumulate && k_blocks_ == 1) continue;
    Block block = block_;
    if (last_rows) block.m = whole.m - (row_tiles_ - 1) * block_.m;
    if (last_columns) block.n = whole.n - (column_tiles_ - 1) * block_.n;
    if (last_k) block.k = whole.k - (k_blocks_ - 1) * block_.k;
    block.accumulate = added;
    kernels_[i] = find_kernel<T>(block);
    if (kernels_[i] == nullptr) throw std::runtime_error("libxsmm generated no kernel for this product");
  }
}

template <class T>
Kernel<T> TiledProduct<T>::only_kernel() const {
  return tiles() == 1 && k_blocks_ == 1 ? kernels_[whole_.accumulate ? 15 : 14] : nullptr;
}

template <class T>
void TiledProduct<T>::run(std::int64_t tile, const T* a, const T* b, Sum<T>* c) const {
  constexpr std::int64_t kRowsTogether = sizeof(T) == 2 ? 2 : 1;  // of B
  const std::int64_t row_tile = tile / column_tiles_, column_tile = tile % column_tiles_;
  const std::int64_t i = row_tile * block_.m, j = column_tile * block_.n;
  const std::size_t edges = (row_tile == row_tiles_ - 1 ? 8 : 0) + (column_tile == column_tiles_ - 1 ? 4 : 0);
  const T* a_rows = a + (whole_.transpose_a ? i : i * whole_.lda);
  const T* b_columns = b + j * kRowsTogether;
  Sum<T>* tile_of_c = c + i * whole_.ldc + j;
  for (std::int64_t block = 0; block < k_blocks_; ++block) {
    const std::int64_t p = block * block_.k;
    const std::size_t added = block > 0 || whole_.accumulate ? 1 : 0;
    const std::size_t last = block == k_blocks_ - 1 ? 2 : 0;
    kernels_[edges + last + added](b_columns + p * whole_.ldb, a_rows + (whole_.transpose_a ? p * whole_.lda : p),
                                   tile_of_c);
  }
}

template class TiledProduct<float>;
template class TiledProduct<double>;
template class TiledProduct<Bf16>;

}  // namespace whygpu::xsmm
