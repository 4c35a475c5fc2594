// Convolution as matrix products over tiles: each row of the column matrix holds the R·S·C/groups values of x that one
// output pixel sees, and is zero where the filter looks beyond the image.
//
// Column matrices are [groups][pixels][r, s, c/groups], so that a batch of `groups` products covers all groups.
#pragma once

#include <cuda_runtime.h>

#include <vector>

#include "whygpu/backend.h"

namespace whygpu {

// Lines [line, line + lines) of images [image, image + images). Several images come with all of their lines.
struct ConvolutionTile {
  std::int64_t image = 0, images = 0, line = 0, lines = 0;

  bool operator==(const ConvolutionTile&) const = default;
};

// Covers images × lines with as few tiles as keep `bytes_per_line` · lines · images within `max_bytes`, one line at
// least.
std::vector<ConvolutionTile> convolution_tiles(std::int64_t images, std::int64_t lines, std::size_t bytes_per_line,
                                               std::size_t max_bytes);

// Output lines [first, last) that see input lines [line, line + lines); empty ranges have first == last.
struct LineRange {
  std::int64_t first = 0, last = 0;
};
LineRange output_lines_over(const Convolution& conv, std::int64_t line, std::int64_t lines);

// Fills the columns of the output pixels of `tile` (its lines are output lines). Both have elements of `element_bytes`.
void im2col(const Convolution& conv, const ConvolutionTile& tile, std::size_t element_bytes, const void* x,
            void* columns, cudaStream_t stream);

// Sums into the x of `tile` (its lines are input lines) what the columns of output lines `outputs` hold for it. Columns
// are in the accumulator's type, x in conv.dtype. One thread sums one value, in one order: repeatable bit by bit.
void col2im(const Convolution& conv, const ConvolutionTile& tile, LineRange outputs, const void* columns, void* x,
            cudaStream_t stream);

}  // namespace whygpu
