#include "backends/devices/ceil_div.h"
#include "backends/simd/winograd.h"

namespace whygpu::simd::winograd {
namespace {

constexpr std::int64_t kPageBytes = 4096, kLeastChannels = 32;

}  // namespace

Tiles::Tiles(const Convolution& op, int bytes)
    : images(op.n),
      source_h(op.h),
      source_w(op.w),
      source_c(op.c),
      result_h(op.p()),
      result_w(op.q()),
      result_c(op.k),
      pad_h(op.pad_h),
      pad_w(op.pad_w),
      value_bytes(bytes) {
  if (op.pass == Pass::backward_data) {
    std::swap(source_h, result_h);
    std::swap(source_w, result_w);
    std::swap(source_c, result_c);
    pad_h = op.r - 1 - pad_h;
    pad_w = op.s - 1 - pad_w;
  }
  down = ceil_div(result_h, kSide);
  across = ceil_div(result_w, kSide);
}

std::array<const std::byte*, kPlanes> Tiles::source_of(std::int64_t tile, const std::byte* source,
                                                       const std::byte* outside) const {
  const std::int64_t first_w = tile % across * kSide - pad_w, first_h = tile / across % down * kSide - pad_h;
  const std::int64_t image = tile / across / down;
  std::array<const std::byte*, kPlanes> values;
  for (std::int64_t i = 0; i < kSourceSide; ++i) {
    const std::int64_t h = first_h + i, line = (image * source_h + h) * source_w;
    for (std::int64_t j = 0; j < kSourceSide; ++j) {
      const std::int64_t w = first_w + j;
      const bool inside = h >= 0 && h < source_h && w >= 0 && w < source_w;
      values[i * kSourceSide + j] = inside ? source + (line + w) * source_c * value_bytes : outside;
    }
  }
  return values;
}

// Planes a multiple of the page apart would displace each other in L1, where a transform writes all of them in turn.
Planes::Planes(const Kernels& kernels, std::int64_t tiles, std::int64_t channels)
    : row(padded_row(kernels, channels)),
      stride(ceil_div(tiles * row, kPageBytes) * kPageBytes + kLine),
      data(kPlanes * stride) {}

std::string obstacle(const Convolution& op, const Kernels& kernels) {
  if (kernels.transform_image == nullptr) return "Winograd's transforms are for f32 and f64";
  if (op.r != 3 || op.s != 3) return "Winograd's F(4×4, 3×3) is for filters of 3×3";
  if (op.stride_h != 1 || op.stride_w != 1 || op.dilation_h != 1 || op.dilation_w != 1) {
    return "Winograd is for stride 1 and dilation 1";
  }
  if (op.groups != 1) return "Winograd is for one group";
  // A sum of few products may be small by chance, and then has errors of the size of its neighbours'.
  if (Tiles(op, kernels.value_bytes).source_c < kLeastChannels) {
    return "Winograd loses digits where fewer than " + std::to_string(kLeastChannels) + " channels are added up";
  }
  return op.c * op.k <= kMostBytes / (kPlanes * kernels.value_bytes)
             ? ""
             : "Winograd's 36 matrices of these filters take more than 1 GiB";
}

bool pays(const Convolution& op, const Kernels& kernels, Layout layout) {
  // Of a tile's 16 results; fewer are not worth its 36 products.
  constexpr std::int64_t kLeastResults = 6;
  // Sums over fewer tiles, and filters transformed on every run, are not worth their 36 matrices.
  constexpr std::int64_t kLeastTiles = 3, kLeastSummed = 8, kLeastForOwnFilters = 32;
  if (!obstacle(op, kernels).empty()) return false;
  const Tiles tiles(op, kernels.value_bytes);
  if (tiles.images * tiles.result_h * tiles.result_w < kLeastResults * tiles.count()) return false;
  if (op.pass == Pass::backward_weights) return tiles.count() >= kLeastSummed;
  return tiles.count() >= (layout == Layout::row_major ? kLeastForOwnFilters : kLeastTiles);
}

}  // namespace whygpu::simd::winograd
