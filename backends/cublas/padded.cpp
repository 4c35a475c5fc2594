#include "backends/cublas/padded.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace whygpu {
namespace {

constexpr std::int64_t kBlock = 64;  // a transposed block fits in the L1 cache

// Calls f(row-major index, stored index) for every value, in blocks.
template <class F>
void for_each_value(const PaddedLayout& layout, F&& f) {
  for (std::int64_t b = 0; b < layout.batch; ++b) {
    const std::int64_t from = b * layout.rows * layout.columns;
    const std::int64_t to = b * layout.padded_rows * layout.padded_columns;
    for (std::int64_t i0 = 0; i0 < layout.rows; i0 += kBlock) {
      for (std::int64_t j0 = 0; j0 < layout.columns; j0 += kBlock) {
        for (std::int64_t i = i0; i < std::min(i0 + kBlock, layout.rows); ++i) {
          for (std::int64_t j = j0; j < std::min(j0 + kBlock, layout.columns); ++j) {
            const std::int64_t stored =
                layout.transposed ? j * layout.padded_columns + i : i * layout.padded_columns + j;
            f(from + i * layout.columns + j, to + stored);
          }
        }
      }
    }
  }
}

template <class T>
void pad_values(const PaddedLayout& layout, const void* row_major, std::byte* stored) {
  const auto* in = static_cast<const T*>(row_major);
  auto* out = reinterpret_cast<T*>(stored);
  for_each_value(layout, [&](std::int64_t i, std::int64_t j) { out[j] = in[i]; });
}

template <class T>
void unpad_values(const PaddedLayout& layout, const std::byte* stored, void* row_major) {
  const auto* in = reinterpret_cast<const T*>(stored);
  auto* out = static_cast<T*>(row_major);
  for_each_value(layout, [&](std::int64_t i, std::int64_t j) { out[i] = in[j]; });
}

// Without padding or transposition both layouts are identical.
bool is_plain(const PaddedLayout& layout) {
  return !layout.transposed && layout.rows == layout.padded_rows && layout.columns == layout.padded_columns;
}

}  // namespace

void pad(const PaddedLayout& layout, const void* row_major, std::span<std::byte> stored) {
  std::ranges::fill(stored, std::byte{0});
  if (layout.element_bytes == 1) {
    pad_values<std::uint8_t>(layout, row_major, stored.data());
  } else {
    pad_values<std::uint32_t>(layout, row_major, stored.data());
  }
}

void unpad(const PaddedLayout& layout, std::span<const std::byte> stored, void* row_major) {
  if (layout.element_bytes == 1) {
    unpad_values<std::uint8_t>(layout, stored.data(), row_major);
  } else {
    unpad_values<std::uint32_t>(layout, stored.data(), row_major);
  }
}

void PaddedTensor::upload(const void* row_major) {
  if (is_plain(layout_)) return CudaTensor::upload(row_major);
  std::vector<std::byte> stored(layout_.bytes());
  pad(layout_, row_major, stored);
  CudaTensor::upload(stored.data());
}

void PaddedTensor::download(void* row_major) const {
  if (is_plain(layout_)) return CudaTensor::download(row_major);
  std::vector<std::byte> stored(layout_.bytes());
  CudaTensor::download(stored.data());
  unpad(layout_, stored, row_major);
}

}  // namespace whygpu
