#include "backends/simd/window.h"

#include <algorithm>
#include <cstring>

#include "backends/devices/ceil_div.h"

namespace whygpu::simd {

Window::Window(const im2col::Unrolling& u, const Kernels& kernels)
    : unrolling_(u),
      kernels_(kernels),
      first_h_(u.offsets_h.front()),
      first_w_(u.offsets_w.front()),
      height_(u.offsets_h.back() - u.offsets_h.front() + 1),
      width_((u.grid_w - 1) * u.step_w + u.offsets_w.back() - u.offsets_w.front() + 1) {
  const auto taps_w = static_cast<std::int64_t>(u.offsets_w.size());
  const bool dense = u.offsets_w.back() - u.offsets_w.front() == taps_w - 1;
  steps_ = dense ? taps_w * u.channels : u.channels;
  const std::int64_t pixel = u.channels * kernels.value_bytes;
  for (const std::int64_t h : u.offsets_h) {
    for (const std::int64_t w : u.offsets_w) {
      places_.push_back(((h - first_h_) * width_ + w - first_w_) * pixel);
      if (dense) break;
    }
  }
}

std::int64_t Window::lines_of(std::int64_t rows) const { return (rows - 1) * unrolling_.step_h + height_; }

std::size_t Window::bytes(std::int64_t rows) const {
  return lines_of(rows) * width_ * unrolling_.channels * kernels_.value_bytes;
}

void Window::copy(const std::byte* image, std::int64_t first_row, std::int64_t rows, std::byte* lines) const {
  const im2col::Unrolling& u = unrolling_;
  const std::int64_t pixel = u.channels * kernels_.value_bytes;
  // Pixels of a line left of the image, and those of the image.
  const std::int64_t left = std::clamp<std::int64_t>(-first_w_, 0, width_),
                     source = std::max<std::int64_t>(first_w_, 0);
  const std::int64_t count = std::clamp<std::int64_t>(u.source_w - source, 0, width_ - left);
  for (std::int64_t i = 0; i < lines_of(rows); ++i, lines += width_ * pixel) {
    const std::int64_t h = first_row * u.step_h + first_h_ + i;
    if (h < 0 || h >= u.source_h) {
      std::memset(lines, 0, width_ * pixel);
      continue;
    }
    std::memset(lines, 0, left * pixel);
    std::memcpy(lines + left * pixel, image + (h * u.source_w + source) * pixel, count * pixel);
    std::memset(lines + (left + count) * pixel, 0, (width_ - left - count) * pixel);
  }
}

void Window::multiply(const std::byte* lines, std::int64_t rows, const PanelView& b, std::byte* c,
                      std::int64_t ldc) const {
  const im2col::Unrolling& u = unrolling_;
  const std::int64_t pixel = u.channels * kernels_.value_bytes;
  Tile tile{.steps = steps_,
            .a_row = u.step_w * pixel,
            .a_step = kernels_.word_bytes,
            .b = b.b,
            .b_step = b.step,
            .c_row = ldc * kernels_.sum_bytes,
            .taps = static_cast<std::int64_t>(places_.size()),
            .tap_offsets = places_.data()};
  const std::int64_t tiles = ceil_div(u.grid_w, kernels_.rows), next_bytes = steps_ * tile.taps * kLine;
  std::int64_t fetched = 0;  // of the next panel
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t t = 0; t < tiles; ++t) {
      const std::int64_t first = u.grid_w * t / tiles, last = u.grid_w * (t + 1) / tiles;
      tile.a = lines + (i * u.step_h * width_ + first * u.step_w) * pixel;
      tile.c = c + (i * u.grid_w + first) * tile.c_row;
      tile.next = fetched < b.next.bytes ? b.next.data + fetched : tile.a;
      fetched += next_bytes;
      choose_tile(kernels_, last - first, b.columns).run(tile);
    }
  }
}

}  // namespace whygpu::simd
