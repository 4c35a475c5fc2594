// Arguments of tensor maps against the limits that cuda.h documents: each at its last valid value and at the next one.
#include "backends/cuda/kernels/tensor_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/dtypes.h"

namespace whygpu::cuda {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

alignas(256) std::byte memory[256];
constexpr std::int64_t kBillion4 = std::int64_t{1} << 32;

std::string problem(const MatrixShape& shape, const void* data = memory) { return map_problem<BFloat16>(data, shape); }
std::string problem(const PixelsShape& shape, const void* data = memory) { return map_problem<BFloat16>(data, shape); }

TEST(TensorMap, MatrixExtents) {
  EXPECT_THAT(problem(MatrixShape{100, 50, 3, 104, 5200, 64}), IsEmpty());
  EXPECT_THAT(problem(MatrixShape{kBillion4, 50, 1, kBillion4, kBillion4, 64}), IsEmpty());
  EXPECT_EQ(problem(MatrixShape{kBillion4 + 1, 50, 1, 104, 5200, 64}), "the extent 4294967297 is not in [1, 2^32]");
  EXPECT_EQ(problem(MatrixShape{100, 0, 3, 104, 5200, 64}), "the extent 0 is not in [1, 2^32]");
  EXPECT_EQ(problem(MatrixShape{100, 50, -1, 104, 5200, 64}), "the extent -1 is not in [1, 2^32]");
}

TEST(TensorMap, MatrixDistances) {
  EXPECT_EQ(problem(MatrixShape{100, 50, 3, 100, 5200, 64}), "the distance of 200 bytes is not a multiple of 16");
  EXPECT_EQ(problem(MatrixShape{100, 50, 3, 104, 5201, 64}), "the distance of 10402 bytes is not a multiple of 16");
  const std::int64_t most = (std::int64_t{1} << 39) - 8;  // values of two bytes
  EXPECT_THAT(problem(MatrixShape{100, 50, 3, 104, most, 64}), IsEmpty());
  EXPECT_EQ(problem(MatrixShape{100, 50, 3, 104, most + 8, 64}),
            "the distance of 1099511627776 bytes is not in [0, 2^40)");
  EXPECT_EQ(problem(MatrixShape{100, 50, 3, -104, 5200, 64}), "the distance of -208 bytes is not in [0, 2^40)");
}

TEST(TensorMap, MatrixBox) {
  EXPECT_THAT(problem(MatrixShape{100, 50, 3, 104, 5200, 256}), IsEmpty());
  EXPECT_EQ(problem(MatrixShape{100, 50, 3, 104, 5200, 257}), "a box of 257 lines is not in [1, 256]");
  EXPECT_EQ(problem(MatrixShape{100, 50, 3, 104, 5200, 0}), "a box of 0 lines is not in [1, 256]");
}

TEST(TensorMap, Address) {
  EXPECT_THAT(problem(MatrixShape{100, 50, 3, 104, 5200, 64}, memory + 16), IsEmpty());
  EXPECT_EQ(problem(MatrixShape{100, 50, 3, 104, 5200, 64}, memory + 8), "the address is not a multiple of 16");
  EXPECT_EQ(problem(PixelsShape{64, 2, {9, -1, 1, 9}, {7, -1, 1, 7}, 128}, memory + 8),
            "the address is not a multiple of 16");
}

TEST(TensorMap, Pixels) {
  EXPECT_THAT(problem(PixelsShape{64, 2, {9, -1, 1, 9}, {7, -1, 1, 7}, 1024}), IsEmpty());
  EXPECT_EQ(problem(PixelsShape{64, 2, {9, -1, 1, 9}, {7, -1, 1, 7}, 1025}), "1025 pixels are not in [1, 1024]");
  EXPECT_EQ(problem(PixelsShape{60, 2, {9, -1, 1, 9}, {7, -1, 1, 7}, 128}),
            "the distance of 120 bytes is not a multiple of 16");
  EXPECT_EQ(problem(PixelsShape{64, 0, {9, -1, 1, 9}, {7, -1, 1, 7}, 128}), "the extent 0 is not in [1, 2^32]");
}

TEST(TensorMap, PixelCornersAndSteps) {
  EXPECT_THAT(problem(PixelsShape{64, 2, {200, -128, 8, 41}, {7, -1, 1, 7}, 128}), IsEmpty());
  EXPECT_EQ(problem(PixelsShape{64, 2, {200, -129, 8, 41}, {7, -1, 1, 7}, 128}),
            "a corner at -129 is not in [-128, 127]");
  EXPECT_EQ(problem(PixelsShape{64, 2, {9, -1, 1, 9}, {7, -1, 9, 7}, 128}), "a step of 9 pixels is not in [1, 8]");
  EXPECT_EQ(problem(PixelsShape{64, 2, {9, -1, 1, 0}, {7, -1, 1, 7}, 128}), "the box of pixels is empty");
  EXPECT_THAT(problem(PixelsShape{64, 2, {9, 0, 1, 136}, {7, -1, 1, 7}, 128}), IsEmpty());
  EXPECT_EQ(problem(PixelsShape{64, 2, {9, 0, 1, 137}, {7, -1, 1, 7}, 128}), "a corner at 128 is not in [-128, 127]");
}

TEST(TensorMap, RefusedOnTheHostToo) {
  EXPECT_THAT(([] {
                make_tensor_map<float>(memory, {100, 50, 1, 101, 5050, 64});
              }),
              ThrowsMessage<std::runtime_error>("tensor map: the distance of 404 bytes is not a multiple of 16"));
  EXPECT_THAT(([] {
                make_pixel_map<float>(memory, {64, 2, {9, -1, 1, 9}, {7, -1, 9, 7}, 128});
              }),
              ThrowsMessage<std::runtime_error>(HasSubstr("a step of 9 pixels")));
}

}  // namespace
}  // namespace whygpu::cuda
