// Convolution as matrix products over tiles. Each row of the column matrix holds the R·S·C/groups values of x under the
// filter for one output pixel, zero outside the image.
//
// Column matrices are [groups][pixels][r, s, c/groups], so one batch of `groups` products covers all groups.
#pragma once

#include <cuda_runtime.h>

#include <vector>

#include "whygpu/backend.h"

namespace whygpu {

// Lines [line, line + lines) of images [image, image + images). A tile of several images has all of their lines.
struct ConvolutionTile {
  std::int64_t image = 0, images = 0, line = 0, lines = 0;

  bool operator==(const ConvolutionTile&) const = default;
};

// Splits images × lines into as few tiles as possible with `bytes_per_line` · lines · images <= `max_bytes`. A tile has
// at least one line.
std::vector<ConvolutionTile> convolution_tiles(std::int64_t images, std::int64_t lines, std::size_t bytes_per_line,
                                               std::size_t max_bytes);

// Output lines [first, last) that read input lines [line, line + lines); first == last when there are none.
struct LineRange {
  std::int64_t first = 0, last = 0;
};
LineRange output_lines_over(const Convolution& conv, std::int64_t line, std::int64_t lines);

// Writes the columns of the output pixels of `tile`, whose lines are output lines. x and columns have elements of
// `element_bytes`.
void im2col(const Convolution& conv, const ConvolutionTile& tile, std::size_t element_bytes, const void* x,
            void* columns, cudaStream_t stream);

// Sums the columns of output lines `outputs` into the x of `tile`, whose lines are input lines. Columns have the
// accumulator's type, x has conv.dtype. One thread sums each value in a fixed order, so results are bitwise
// reproducible.
void col2im(const Convolution& conv, const ConvolutionTile& tile, LineRange outputs, const void* columns, void* x,
            cudaStream_t stream);

}  // namespace whygpu
