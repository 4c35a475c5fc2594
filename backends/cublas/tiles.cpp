#include <algorithm>

#include "backends/cublas/im2col.h"
#include "backends/devices/ceil_div.h"

namespace whygpu {

std::vector<ConvolutionTile> convolution_tiles(std::int64_t images, std::int64_t lines, std::size_t bytes_per_line,
                                               std::size_t max_bytes) {
  const auto fitting =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(max_bytes / std::max<std::size_t>(bytes_per_line, 1)));
  std::vector<ConvolutionTile> tiles;
  if (fitting >= lines) {
    const std::int64_t step = fitting / lines;
    for (std::int64_t i = 0; i < images; i += step) tiles.push_back({i, std::min(step, images - i), 0, lines});
    return tiles;
  }
  for (std::int64_t i = 0; i < images; ++i) {
    for (std::int64_t l = 0; l < lines; l += fitting) tiles.push_back({i, 1, l, std::min(fitting, lines - l)});
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

}  // namespace whygpu
