// Winograd's F(4×4, 3×3): 4×4 neighbouring results of a 3×3 convolution from 6×6 values of the image by 36
// multiplications instead of 144, as 36 products of matrices whose rows are such tiles (Lavin and Gray, "Fast
// algorithms for convolutional neural networks", 2016).
//
//   y  = Aᵀ·[(G·w·Gᵀ) ⊙ (Bᵀ·x·B)]·A, summed over channels before the last transform
//   dw = Gᵀ·[(A·dy·Aᵀ) ⊙ (Bᵀ·x·B)]·G, summed over tiles before the last transform
//
// dx is the convolution of dy with the filters turned by half a turn.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/devices/thread_team.h"
#include "backends/simd/panels.h"
#include "whygpu/backend.h"

namespace whygpu {
struct FusedBiasActivation;
}

namespace whygpu::simd::winograd {

inline constexpr std::int64_t kSide = 4, kSourceSide = 6, kTaps = 9, kPlanes = kSourceSide * kSourceSide;
// Of working memory that grows with the filters.
inline constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;

// "" if `op` can be computed this way, else the reason why not.
std::string obstacle(const Convolution& op, const Kernels& kernels);

// Whether it is faster than implicit GEMM; the limits were measured.
bool pays(const Convolution& op, const Kernels& kernels, Layout layout);

// Forward and backward data; forward with its epilogue, without a residual; backward weights.
std::unique_ptr<Operation> prepare_pixels(const Convolution& op, Layout layout, const Kernels& kernels,
                                          ThreadTeam& team);
std::unique_ptr<Operation> prepare_fused(const FusedBiasActivation& fused, const Kernels& kernels, ThreadTeam& team);
std::unique_ptr<Operation> prepare_weight_gradient(const Convolution& op, const Kernels& kernels, ThreadTeam& team);

// The tiles of all images. Tiles at the edges reach beyond the image and the result.
struct Tiles {
  // Of y computed from x, or of dx computed from dy.
  Tiles(const Convolution& op, int value_bytes);

  std::int64_t count() const { return images * down * across; }

  // Where the values of a tile are; `outside` stands for those outside the image or the result.
  std::array<const std::byte*, kPlanes> source_of(std::int64_t tile, const std::byte* source,
                                                  const std::byte* outside) const;
  template <class Byte>
  std::array<Byte*, kSide * kSide> result_of(std::int64_t tile, std::int64_t channel, Byte* result,
                                             Byte* outside) const {
    const std::int64_t first_w = tile % across * kSide, first_h = tile / across % down * kSide;
    const std::int64_t image = tile / across / down;
    std::array<Byte*, kSide * kSide> values;
    for (std::int64_t i = 0; i < kSide; ++i) {
      const std::int64_t line = (image * result_h + first_h + i) * result_w + first_w;
      for (std::int64_t j = 0; j < kSide; ++j) {
        const bool inside = first_h + i < result_h && first_w + j < result_w;
        values[i * kSide + j] = inside ? result + ((line + j) * result_c + channel) * value_bytes : outside;
      }
    }
    return values;
  }

  std::int64_t images, source_h, source_w, source_c, result_h, result_w, result_c, pad_h, pad_w;
  std::int64_t down, across;  // tiles of an image
  std::int64_t value_bytes;
};

// Values of some tiles after a transform: kPlanes matrices [tile][channel].
struct Planes {
  Planes(const Kernels& kernels, std::int64_t tiles, std::int64_t channels);

  std::byte* of(std::int64_t plane) const { return data.data() + plane * stride; }

  std::int64_t row, stride;  // bytes between tiles and between planes
  Buffer data;
};

}  // namespace whygpu::simd::winograd
