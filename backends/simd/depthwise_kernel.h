// Sums over taps and over pixels, channel by channel. Included like micro_kernel.h.
#pragma once

#include "backends/simd/micro_kernel.h"

namespace whygpu::simd {
namespace {

// Calls part.operator()<vectors, all lanes>(offset in bytes, lanes of the last vector) for all channels.
template <class Kind, int kTogether, class Part>
void for_channels(std::int64_t channels, const Part& part) {
  constexpr std::int64_t kWidth = kLanes<Kind>, kBytes = sizeof(typename Kind::Words);
  std::int64_t c = 0;
  for (; c + kTogether * kWidth <= channels; c += kTogether * kWidth) {
    part.template operator()<kTogether, true>(c / kWidth * kBytes, static_cast<int>(kWidth));
  }
  for (; c + kWidth <= channels; c += kWidth) {
    part.template operator()<1, true>(c / kWidth * kBytes, static_cast<int>(kWidth));
  }
  if (c < channels) part.template operator()<1, false>(c / kWidth * kBytes, static_cast<int>(channels - c));
}

// Several pixels share the loads of the weights.
template <class Kind, int kCount>
void sum_pixels(const PixelSum& p) {
  using Isa = typename Kind::Isa;
  using Words = typename Kind::Words;
  constexpr std::int64_t kBytes = sizeof(Words);
  for_channels<Kind, kCount == 1 ? 4 : 2>(p.channels, [&p]<int kVectors, bool kAll>(std::int64_t offset, int lanes) {
    Words sums[kCount][kVectors] = {};
    for (std::int64_t t = 0; t < p.taps; ++t) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Words w = read<Isa, Words, kAll>(p.w[t] + offset + v * kBytes, lanes);
#pragma GCC unroll 4
        for (int i = 0; i < kCount; ++i) {
          sums[i][v] += read<Isa, Words, kAll>(p.x[t] + i * p.x_pixel + offset + v * kBytes, lanes) * w;
        }
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < kCount; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        std::byte* to = p.y + i * p.y_pixel + offset + v * kBytes;
        if constexpr (kAll) {
          store(to, sums[i][v]);
        } else {
          store_first<Isa>(to, sums[i][v], lanes);
        }
      }
    }
  });
}

template <class Kind>
void sum_tap(const TapSum& s) {
  using Isa = typename Kind::Isa;
  using Words = typename Kind::Words;
  for_channels<Kind, 4>(s.channels, [&s]<int kVectors, bool kAll>(std::int64_t offset, int lanes) {
    Words sums[kVectors] = {};
    for (std::int64_t i = 0; i < s.pixels; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const auto at = offset + v * static_cast<std::int64_t>(sizeof(Words));
        sums[v] += read<Isa, Words, kAll>(s.x + i * s.x_pixel + at, lanes) *
                   read<Isa, Words, kAll>(s.y + i * s.y_pixel + at, lanes);
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      std::byte* to = s.w + offset + v * static_cast<std::int64_t>(sizeof(Words));
      if constexpr (kAll) {
        store(to, sums[v] + load<Words>(to));
      } else {
        store_first<Isa>(to, sums[v] + load_first<Isa, Words>(to, lanes), lanes);
      }
    }
  });
}

}  // namespace
}  // namespace whygpu::simd
