#include "backends/simd/unrolled.h"

#include <algorithm>
#include <cstring>

#include "backends/devices/ceil_div.h"

namespace whygpu::simd {
namespace {

// Taps beside each other in a line of an image.
struct Run {
  std::int64_t offset_h;
  const std::int64_t* offsets_w;
  std::int64_t taps;
};

std::vector<Run> runs_of(const im2col::Unrolling& u, const Slice& slice) {
  const auto taps_w = static_cast<std::int64_t>(u.offsets_w.size());
  std::vector<Run> runs;
  for (std::int64_t tap = slice.first_tap, end = tap + slice.taps; tap < end; tap += runs.back().taps) {
    const std::int64_t in_line = tap % taps_w;
    runs.push_back({u.offsets_h[tap / taps_w], &u.offsets_w[in_line], std::min(taps_w - in_line, end - tap)});
  }
  return runs;
}

// Mostly some channels of some taps: a call of memcpy takes longer.
void copy(const std::byte* from, std::int64_t bytes, std::byte* to) {
  constexpr std::int64_t kStep = 16, kLong = 256;
  if (bytes < kStep || bytes > kLong) {
    std::memcpy(to, from, bytes);
    return;
  }
  for (std::int64_t i = 0; i + kStep < bytes; i += kStep) std::memcpy(to + i, from + i, kStep);
  std::memcpy(to + bytes - kStep, from + bytes - kStep, kStep);
}

}  // namespace

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
  const std::vector<Run> runs = runs_of(u, slice);
  source += slice.first_channel * value_bytes;
  std::int64_t j = first % u.grid_w, i = first / u.grid_w % u.grid_h, n = first / u.grid_w / u.grid_h;
  for (std::int64_t row = 0; row < count; ++row, out += out_row) {
    std::byte* to = out;
    for (const Run& run : runs) {
      const std::int64_t h = i * u.step_h + run.offset_h, w = j * u.step_w + run.offsets_w[0];
      const std::byte* line = source + (n * u.source_h + h) * u.source_w * pixel;
      if (h < 0 || h >= u.source_h) {
        std::memset(to, 0, run.taps * bytes);
      } else if (dense && w >= 0 && w + run.taps <= u.source_w) {
        copy(line + w * pixel, run.taps * bytes, to);
      } else {
        for (std::int64_t t = 0; t < run.taps; ++t) {
          const std::int64_t at = j * u.step_w + run.offsets_w[t];
          if (at >= 0 && at < u.source_w) {
            copy(line + at * pixel, bytes, to + t * bytes);
          } else {
            std::memset(to + t * bytes, 0, bytes);
          }
        }
      }
      to += run.taps * bytes;
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
