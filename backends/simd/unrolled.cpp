#include "backends/simd/unrolled.h"

#include <algorithm>
#include <cstring>

#include "backends/devices/ceil_div.h"

namespace whygpu::simd {

std::vector<Slice> slices_of(const im2col::Unrolling& u, std::int64_t most) {
  std::vector<Slice> slices;
  if (u.channels >= most) {
    const std::int64_t parts = ceil_div(u.channels, most);
    for (std::int64_t tap = 0; tap < u.taps(); ++tap) {
      for (std::int64_t part = 0; part < parts; ++part) {
        const std::int64_t begin = u.channels * part / parts, end = u.channels * (part + 1) / parts;
        slices.push_back({tap, 1, begin, end - begin});
      }
    }
    return slices;
  }
  const std::int64_t parts = ceil_div(u.taps(), most / u.channels);
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t begin = u.taps() * part / parts, end = u.taps() * (part + 1) / parts;
    slices.push_back({begin, end - begin, 0, u.channels});
  }
  return slices;
}

void unroll(const im2col::Unrolling& u, const Slice& slice, const std::byte* source, int value_bytes,
            std::int64_t first, std::int64_t count, std::byte* out, std::int64_t out_row) {
  const auto taps_w = static_cast<std::int64_t>(u.offsets_w.size());
  // Taps beside each other whose pixels, too, are beside each other, with nothing between them.
  const bool dense = slice.channels == u.source_c && u.offsets_w.back() - u.offsets_w.front() == taps_w - 1;
  const std::int64_t pixel = u.source_c * value_bytes, bytes = slice.channels * value_bytes;
  source += slice.first_channel * value_bytes;
  std::int64_t j = first % u.grid_w, i = first / u.grid_w % u.grid_h, n = first / u.grid_w / u.grid_h;
  for (std::int64_t row = 0; row < count; ++row, out += out_row) {
    std::byte* to = out;
    for (std::int64_t tap = slice.first_tap, left = slice.taps; left > 0;) {
      const std::int64_t in_line = tap % taps_w, run = std::min(taps_w - in_line, left);
      const std::int64_t h = i * u.step_h + u.offsets_h[tap / taps_w];
      const std::int64_t w = j * u.step_w + u.offsets_w[in_line];
      const std::byte* line = source + (n * u.source_h + h) * u.source_w * pixel;
      if (h < 0 || h >= u.source_h) {
        std::memset(to, 0, run * bytes);
      } else if (dense && w >= 0 && w + run <= u.source_w) {
        std::memcpy(to, line + w * pixel, run * bytes);
      } else {
        for (std::int64_t t = 0; t < run; ++t) {
          const std::int64_t at = j * u.step_w + u.offsets_w[in_line + t];
          if (at >= 0 && at < u.source_w) {
            std::memcpy(to + t * bytes, line + at * pixel, bytes);
          } else {
            std::memset(to + t * bytes, 0, bytes);
          }
        }
      }
      to += run * bytes;
      tap += run;
      left -= run;
    }
    if (++j == u.grid_w) {
      j = 0;
      if (++i == u.grid_h) {
        i = 0;
        ++n;
      }
    }
  }
}

}  // namespace whygpu::simd
