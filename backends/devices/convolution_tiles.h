// Convolution as matrix products over tiles. Each row of the column matrix holds the R·S·C/groups values of x under the
// filter for one output pixel, zero outside the image.
//
// Column matrices are [groups][pixels][r, s, c/groups], so one batch of `groups` products covers all groups.
#pragma once

#include <vector>

#include "whygpu/convolution.h"

namespace whygpu {

// Lines [line, line + lines) of images [image, image + images). A tile of several images has all of their lines.
struct ConvolutionTile {
  std::int64_t image = 0, images = 0, line = 0, lines = 0;

  bool operator==(const ConvolutionTile&) const = default;
};

// The column matrix of a tile is written, then read by the product. It takes half of a cache of `cache_bytes`, so that
// it stays there; the images and filters that flow past it have the other half.
std::size_t column_bytes(std::size_t cache_bytes);

// Splits images × lines into as few tiles as possible with `bytes_per_line` · lines · images <= `max_bytes`, all about
// equally large. A tile has at least one line.
std::vector<ConvolutionTile> convolution_tiles(std::int64_t images, std::int64_t lines, std::size_t bytes_per_line,
                                               std::size_t max_bytes);

// Output lines [first, last) that read input lines [line, line + lines); first == last when there are none.
struct LineRange {
  std::int64_t first = 0, last = 0;
};
LineRange output_lines_over(const Convolution& conv, std::int64_t line, std::int64_t lines);

// The tiles of `conv` on a device with a cache of `cache_bytes`, each of whose columns fit in column_bytes() if a line
// does: tiles of input lines for backward_data, otherwise of output lines.
std::vector<ConvolutionTile> tiles_of(const Convolution& conv, std::size_t cache_bytes);

// The output lines and pixels that the product of a tile covers, and the bytes of a pixel's columns.
LineRange lines_of(const Convolution& conv, const ConvolutionTile& tile);
std::int64_t pixels_of(const Convolution& conv, const ConvolutionTile& tile);
std::size_t pixel_bytes(const Convolution& conv);

bool is_pointwise(const Convolution& conv);  // 1×1 filters applied to every pixel: the columns are the images

}  // namespace whygpu
