// A convolution read in place: an image with zeros around it, in which the values that a tap needs for neighbouring
// results are neighbours too, so that nothing is unrolled.
#pragma once

#include <vector>

#include "backends/im2col/im2col.h"
#include "backends/simd/panels.h"

namespace whygpu::simd {

class Window {
 public:
  // Of one group's channels, which must be all of the image's.
  Window(const im2col::Unrolling& unrolling, const Kernels& kernels);

  // Bytes of the padded lines that `rows` rows of the result read.
  std::size_t bytes(std::int64_t rows) const;

  // Copies those lines; `image`: the first pixel of the image.
  void copy(const std::byte* image, std::int64_t first_row, std::int64_t rows, std::byte* lines) const;

  // C = A·B for rows of the result and the columns of a panel; rows of C are `ldc` values apart.
  void multiply(const std::byte* lines, std::int64_t rows, const PanelView& b, std::byte* c, std::int64_t ldc) const;

 private:
  std::int64_t lines_of(std::int64_t rows) const;

  im2col::Unrolling unrolling_;
  const Kernels& kernels_;
  std::int64_t first_h_, first_w_;  // where the first tap of the first result reads
  std::int64_t height_, width_;     // of what one result reads; of a padded line, in pixels
  std::int64_t steps_;              // of a place: one tap, or a line of taps without gaps
  std::vector<std::int64_t> places_;
};

}  // namespace whygpu::simd
