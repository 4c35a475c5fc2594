#include "backends/devices/convolution_tiles.h"

#include <algorithm>

#include "backends/devices/ceil_div.h"

namespace whygpu {

std::size_t column_bytes(std::size_t cache_bytes) { return cache_bytes / 2; }

std::vector<ConvolutionTile> convolution_tiles(std::int64_t images, std::int64_t lines, std::size_t bytes_per_line,
                                               std::size_t max_bytes) {
  // The length of the fewest steps of at most `most` that cover `extent`, all but the last equally long.
  const auto even = [](std::int64_t extent, std::int64_t most) { return ceil_div(extent, ceil_div(extent, most)); };
  const auto fitting =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(max_bytes / std::max<std::size_t>(bytes_per_line, 1)));
  std::vector<ConvolutionTile> tiles;
  if (fitting >= lines) {
    const std::int64_t step = even(images, fitting / lines);
    for (std::int64_t i = 0; i < images; i += step) tiles.push_back({i, std::min(step, images - i), 0, lines});
    return tiles;
  }
  const std::int64_t step = even(lines, fitting);
  for (std::int64_t i = 0; i < images; ++i) {
    for (std::int64_t l = 0; l < lines; l += step) tiles.push_back({i, 1, l, std::min(step, lines - l)});
  }
  return tiles;
}

LineRange output_lines_over(const Convolution& conv, std::int64_t line, std::int64_t lines) {
  // Output line p reads input lines p·stride − pad … p·stride − pad + dilation·(R − 1).
  const std::int64_t reach = conv.dilation_h * (conv.r - 1);
  const std::int64_t lowest = line + conv.pad_h - reach;
  const std::int64_t highest = line + lines - 1 + conv.pad_h;
  const std::int64_t first = lowest <= 0 ? 0 : ceil_div(lowest, conv.stride_h);
  const std::int64_t last = std::min(conv.p(), highest / conv.stride_h + 1);
  return {std::min(first, last), last};
}

std::size_t pixel_bytes(const Convolution& conv) {
  // col2im sums the values of backward_data, so they keep the accumulator's type.
  const DType dtype = conv.pass == Pass::backward_data ? accumulator_of(conv.dtype) : conv.dtype;
  return static_cast<std::size_t>(conv.r * conv.s * conv.c) * dtype_bytes(dtype);
}

LineRange lines_of(const Convolution& conv, const ConvolutionTile& tile) {
  if (conv.pass == Pass::backward_data) return output_lines_over(conv, tile.line, tile.lines);
  return {tile.line, tile.line + tile.lines};
}

std::int64_t pixels_of(const Convolution& conv, const ConvolutionTile& tile) {
  const LineRange lines = lines_of(conv, tile);
  return tile.images * (lines.last - lines.first) * conv.q();
}

std::vector<ConvolutionTile> tiles_of(const Convolution& conv, std::size_t cache_bytes) {
  const std::size_t line_bytes = static_cast<std::size_t>(conv.q()) * pixel_bytes(conv);
  const std::size_t most = column_bytes(cache_bytes);
  if (conv.pass != Pass::backward_data) return convolution_tiles(conv.n, conv.p(), line_bytes, most);
  // An input line needs p/h output lines, and a few more at the edges of a tile.
  const auto p = static_cast<std::size_t>(conv.p()), h = static_cast<std::size_t>(conv.h);
  for (std::size_t bytes = most;; bytes -= bytes / 8) {
    auto tiles = convolution_tiles(conv.n, conv.h, line_bytes * p / h + 1, bytes);
    const bool fit = std::ranges::all_of(tiles, [&](const ConvolutionTile& tile) {
      return static_cast<std::size_t>(pixels_of(conv, tile)) * pixel_bytes(conv) <= most;
    });
    if (fit || tiles.front().lines == 1 || bytes < 8) return tiles;
  }
}

bool is_pointwise(const Convolution& conv) {
  return conv.r == 1 && conv.s == 1 && conv.stride_h == 1 && conv.stride_w == 1 && conv.pad_h == 0 && conv.pad_w == 0;
}

}  // namespace whygpu
