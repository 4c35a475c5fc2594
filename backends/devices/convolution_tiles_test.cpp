#include <gmock/gmock.h>

#include "backends/devices/convolution_tiles.h"

namespace whygpu {

static void PrintTo(const ConvolutionTile& tile, std::ostream* out) {
  *out << "{" << tile.image << ", " << tile.images << ", " << tile.line << ", " << tile.lines << "}";
}

namespace {

using ::testing::ElementsAre;

TEST(ConvolutionTiles, WholeImages) {
  EXPECT_THAT(convolution_tiles(5, 4, 10, 100),
              ElementsAre(ConvolutionTile{0, 2, 0, 4}, ConvolutionTile{2, 2, 0, 4}, ConvolutionTile{4, 1, 0, 4}));
}

TEST(ConvolutionTiles, PartsOfImage) {
  EXPECT_THAT(convolution_tiles(1, 5, 10, 25),
              ElementsAre(ConvolutionTile{0, 1, 0, 2}, ConvolutionTile{0, 1, 2, 2}, ConvolutionTile{0, 1, 4, 1}));
}

TEST(ConvolutionTiles, EvenSizes) {
  EXPECT_THAT(convolution_tiles(6, 4, 10, 200), ElementsAre(ConvolutionTile{0, 3, 0, 4}, ConvolutionTile{3, 3, 0, 4}));
  EXPECT_THAT(convolution_tiles(1, 6, 10, 50), ElementsAre(ConvolutionTile{0, 1, 0, 3}, ConvolutionTile{0, 1, 3, 3}));
}

// No tile's columns exceed half of the cache, and there are no more tiles than that needs.
void expect_fit(const Convolution& conv, std::size_t cache_bytes) {
  const auto tiles = tiles_of(conv, cache_bytes);
  std::size_t total = 0;
  for (const auto& tile : tiles) {
    const std::size_t bytes = static_cast<std::size_t>(pixels_of(conv, tile)) * pixel_bytes(conv);
    EXPECT_LE(bytes, cache_bytes / 2);
    total += bytes;
  }
  EXPECT_LE(tiles.size(), 1 + total / (cache_bytes / 4));
}

// The 3x3 convolutions of ResNet-50 on an H100, and of a larger image on a GPU with a small cache.
TEST(ConvolutionTiles, FitInCache) {
  for (const Pass pass : {Pass::forward, Pass::backward_data, Pass::backward_weights}) {
    for (const std::int64_t size : {56, 28, 14, 7}) {
      SCOPED_TRACE(size);
      const std::int64_t channels = 64 * 56 / size;
      expect_fit({.pass = pass,
                  .n = 32,
                  .c = channels,
                  .h = size,
                  .w = size,
                  .k = channels,
                  .r = 3,
                  .s = 3,
                  .pad_h = 1,
                  .pad_w = 1,
                  .dtype = DType::bf16},
                 std::size_t{50} << 20);
    }
    expect_fit({.pass = pass, .n = 2, .c = 64, .h = 224, .w = 224, .k = 64, .r = 5, .s = 5, .pad_h = 2, .pad_w = 2},
               std::size_t{40} << 20);
  }
}

TEST(ConvolutionTiles, BytesOfPixel) {
  Convolution conv{.n = 1, .c = 8, .h = 5, .w = 5, .k = 4, .r = 3, .s = 2, .dtype = DType::bf16};
  EXPECT_EQ(pixel_bytes(conv), 8U * 6 * 2);
  conv.pass = Pass::backward_data;  // summed in f32
  EXPECT_EQ(pixel_bytes(conv), 8U * 6 * 4);
}

TEST(ConvolutionTiles, AtLeastOneLine) {
  EXPECT_THAT(convolution_tiles(1, 2, 100, 1), ElementsAre(ConvolutionTile{0, 1, 0, 1}, ConvolutionTile{0, 1, 1, 1}));
}

// Compared with the definition for all combinations of filter, stride, padding and dilation.
TEST(OutputLinesOver, MatchesDefinition) {
  for (std::int64_t r = 1; r <= 4; ++r) {
    for (std::int64_t stride = 1; stride <= 5; ++stride) {
      for (std::int64_t pad = 0; pad <= 4; ++pad) {
        for (std::int64_t dilation = 1; dilation <= 2; ++dilation) {
          const Convolution conv{.n = 1,
                                 .c = 1,
                                 .h = 11,
                                 .w = 11,
                                 .k = 1,
                                 .r = r,
                                 .s = 1,
                                 .stride_h = stride,
                                 .pad_h = pad,
                                 .dilation_h = dilation};
          for (std::int64_t line = 0; line < conv.h; ++line) {
            const LineRange range = output_lines_over(conv, line, 2);
            for (std::int64_t p = 0; p < conv.p(); ++p) {
              bool sees = false;
              for (std::int64_t tap = 0; tap < r; ++tap) {
                const std::int64_t h = p * stride - pad + tap * dilation;
                sees = sees || h == line || h == line + 1;
              }
              EXPECT_TRUE(!sees || (range.first <= p && p < range.last))
                  << "r=" << r << " stride=" << stride << " pad=" << pad << " line=" << line;
            }
            EXPECT_LE(range.first, range.last);
            EXPECT_LE(range.last, conv.p());
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace whygpu
