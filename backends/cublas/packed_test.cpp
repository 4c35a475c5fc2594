// Runs every thread of pack() and every row of unpack() on the host.
#include "backends/cublas/packed.h"

#include <gmock/gmock.h>

#include <vector>

#include "backends/cublas/packed_host.h"

namespace whygpu {
namespace {

using ::testing::ElementsAreArray;

using Bytes = std::vector<std::uint8_t>;

// `values` in rows of 16, the rest zero.
Bytes rows_of_16(std::vector<Bytes> rows) {
  Bytes all;
  for (auto& row : rows) {
    row.resize(16);
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

TEST(Packed, ZeroPadding) {
  const PackedLayout layout{.rows = 2, .columns = 3, .padded_rows = 3, .padded_columns = 16};
  EXPECT_THAT(pack_on_host(layout, Bytes{1, 2, 3, 4, 5, 6}), ElementsAreArray(rows_of_16({{1, 2, 3}, {4, 5, 6}, {}})));
}

TEST(Packed, BatchTranspose) {
  const PackedLayout layout{
      .batch = 2, .rows = 2, .columns = 3, .padded_rows = 4, .padded_columns = 16, .transposed = true};
  EXPECT_THAT(pack_on_host(layout, Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
              ElementsAreArray(rows_of_16({{1, 4}, {2, 5}, {3, 6}, {}, {7, 10}, {8, 11}, {9, 12}, {}})));
}

TEST(Packed, ManyChunksTransposed) {
  const PackedLayout layout{
      .batch = 3, .rows = 67, .columns = 129, .padded_rows = 160, .padded_columns = 80, .transposed = true};
  Bytes values(3 * 67 * 129);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(1 + i % 251);
  const Bytes packed = pack_on_host(layout, values);
  for (std::size_t b = 0, at = 0; b < 3; ++b) {
    for (std::size_t i = 0; i < 160; ++i) {
      for (std::size_t j = 0; j < 80; ++j, ++at) {
        ASSERT_EQ(packed[at], i < 129 && j < 67 ? values[(b * 67 + j) * 129 + i] : 0) << b << " " << i << " " << j;
      }
    }
  }
}

TEST(Packed, RoundTrip) {
  const PackedLayout layout{
      .batch = 3, .rows = 67, .columns = 129, .padded_rows = 80, .padded_columns = 144, .element_bytes = 4};
  std::vector<std::uint32_t> values(3 * 67 * 129);
  for (std::uint32_t i = 0; auto& value : values) value = ++i;
  EXPECT_EQ(unpack_on_host(layout, pack_on_host(layout, values)), values);
}

TEST(Packed, Description) {
  PackedLayout layout{.rows = 16, .columns = 32, .padded_rows = 16, .padded_columns = 32};
  EXPECT_TRUE(layout.is_plain());
  layout = {.rows = 16, .columns = 32, .padded_rows = 32, .padded_columns = 16, .transposed = true};
  EXPECT_FALSE(layout.is_plain());
  EXPECT_EQ(layout.describe(), "transposed");
  layout.rows = 17;
  layout.padded_columns = 32;
  EXPECT_EQ(layout.describe(), "transposed, padded to 32x32");
  layout = {.rows = 15, .columns = 32, .padded_rows = 16, .padded_columns = 32};
  EXPECT_EQ(layout.describe(), "padded to 16x32");
}

}  // namespace
}  // namespace whygpu
