#include "backends/cublas/padded.h"

#include <gmock/gmock.h>

#include <vector>

namespace whygpu {
namespace {

using ::testing::ElementsAre;

std::vector<int> stored_bytes(const PaddedLayout& layout, const std::vector<std::uint8_t>& values) {
  std::vector<std::byte> stored(layout.bytes(), std::byte{99});
  pad(layout, values.data(), stored);
  std::vector<int> numbers;
  for (const auto byte : stored) numbers.push_back(std::to_integer<int>(byte));
  return numbers;
}

TEST(Padded, ZeroPadding) {
  const PaddedLayout layout{.rows = 2, .columns = 3, .padded_rows = 2, .padded_columns = 4};
  EXPECT_THAT(stored_bytes(layout, {1, 2, 3, 4, 5, 6}), ElementsAre(1, 2, 3, 0, 4, 5, 6, 0));
}

TEST(Padded, BatchTranspose) {
  const PaddedLayout layout{
      .batch = 2, .rows = 2, .columns = 2, .padded_rows = 2, .padded_columns = 3, .transposed = true};
  EXPECT_THAT(stored_bytes(layout, {1, 2, 3, 4, 5, 6, 7, 8}), ElementsAre(1, 3, 0, 2, 4, 0, 5, 7, 0, 6, 8, 0));
}

TEST(Padded, RoundTrip) {
  const PaddedLayout layout{.batch = 3,
                            .rows = 67,
                            .columns = 129,
                            .padded_rows = 144,
                            .padded_columns = 80,
                            .transposed = true,
                            .element_bytes = 4};
  std::vector<std::uint32_t> values(3 * 67 * 129);
  for (std::uint32_t i = 0; auto& value : values) value = ++i;
  std::vector<std::byte> stored(layout.bytes());
  pad(layout, values.data(), stored);
  std::vector<std::uint32_t> back(values.size());
  unpad(layout, stored, back.data());
  EXPECT_EQ(back, values);
}

}  // namespace
}  // namespace whygpu
