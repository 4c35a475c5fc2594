// The model of TMA's im2col mode against the PTX manual, on images small enough to count by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "backends/cuda/kernels/tensor_map.h"
#include "backends/cuda/simt/simt.h"

namespace whygpu::cuda {
namespace {

using testing::ElementsAre;

// A load from channel 0 on: the position of the first pixel, and the tap's offsets.
struct Load {
  int x, y, n, tap_x, tap_y;
};

// The first channel of each pixel that the load returns. Pixels of `images` are numbered from 1 in memory order and
// have 32 channels.
std::vector<float> pixels_of(const PixelsShape& shape, const Load& load) {
  std::vector<float> images(static_cast<std::size_t>(shape.images * shape.y.extent * shape.x.extent * 32));
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<float>(i / 32 + 1);
  const TensorMap map = make_pixel_map<float>(images.data(), shape);
  std::vector<float> seen;
  simt::run_grid({1, 32, static_cast<std::size_t>(shape.pixels) * 128 + 1024}, [&] {
    if (threadIdx.x != 0) return;
    std::byte* const shared = simt::dynamic_shared();
    auto* const barrier = reinterpret_cast<Barrier*>(shared + shape.pixels * 128);
    barrier_init(barrier, 1);
    barrier_arrive_expecting(barrier, static_cast<unsigned>(shape.pixels) * 128);
    tma_load_pixels(shared, map, 0, load.x, load.y, load.n, load.tap_x, load.tap_y, barrier);
    barrier_wait(barrier, 0);
    for (int pixel = 0; pixel < shape.pixels; ++pixel) {
      seen.push_back(*reinterpret_cast<const float*>(shared + pixel * 128 + pixel % 8 * 16));
    }
  });
  return seen;
}

TEST(Im2col, MemoryOrder) {
  EXPECT_THAT(pixels_of({32, 1, {4, 0, 1, 4}, {2, 0, 1, 2}, 8}, {0, 0, 0, 0, 0}), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

TEST(Im2col, ZeroPadding) {
  EXPECT_THAT(pixels_of({32, 1, {4, -1, 1, 4}, {4, -1, 1, 4}, 16}, {-1, -1, 0, 0, 0}),
              ElementsAre(0, 0, 0, 0, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11));
}

TEST(Im2col, TapOffset) {
  EXPECT_THAT(pixels_of({32, 1, {4, -1, 1, 4}, {4, -1, 1, 4}, 16}, {-1, -1, 0, 2, 1}),
              ElementsAre(2, 3, 4, 0, 6, 7, 8, 0, 10, 11, 12, 0, 14, 15, 16, 0));
}

TEST(Im2col, NextLineAndImage) {
  EXPECT_THAT(pixels_of({32, 2, {3, 0, 1, 2}, {2, 0, 1, 1}, 8}, {1, 0, 0, 1, 1}),
              ElementsAre(6, 11, 12, 0, 0, 0, 0, 0));
}

// A stride of 2 over 5 × 4 pixels with padding 1 reads columns -1, 1 and 3, and lines -1 and 1.
TEST(Im2col, Stride) {
  EXPECT_THAT(pixels_of({32, 1, {5, -1, 2, 3}, {4, -1, 2, 2}, 8}, {-1, -1, 0, 1, 1}),
              ElementsAre(1, 3, 5, 11, 13, 15, 0, 0));
}

TEST(Im2col, StartOutsideBox) {
  EXPECT_THROW(pixels_of({32, 1, {4, 0, 1, 4}, {4, 0, 1, 4}, 8}, {-1, 0, 0, 0, 0}), std::runtime_error);
}

}  // namespace
}  // namespace whygpu::cuda
