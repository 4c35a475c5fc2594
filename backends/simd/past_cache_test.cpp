#include "backends/simd/past_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "backends/simd/kernels.h"

namespace whygpu::simd {
namespace {

// Whole lines and cut ones: all of the bytes, and no others.
TEST(PastCache, CopiesAndZeros) {
  alignas(kLine) std::byte to[8 * kLine];
  std::vector<std::byte> from(sizeof to);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = std::byte(i % 251 + 1);
  constexpr std::byte kBefore{255};
  for (const int offset : {0, 4, kLine}) {
    for (const int bytes : {4, kLine, 3 * kLine, 3 * kLine + 20}) {
      for (const bool zeros : {false, true}) {
        std::fill(std::begin(to), std::end(to), kBefore);
        write_past_cache(zeros ? nullptr : from.data(), bytes, to + offset);
        finish_past_cache();
        for (int i = 0; i < static_cast<int>(sizeof to); ++i) {
          const bool inside = i >= offset && i < offset + bytes;
          const std::byte written = zeros ? std::byte{0} : from[inside ? i - offset : 0];
          ASSERT_EQ(to[i], inside ? written : kBefore) << offset << " " << bytes << " " << zeros << " at " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace whygpu::simd
