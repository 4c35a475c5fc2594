// AMX's tile registers in plain C++, so that its kernels are tested on every processor.
#pragma once

#include <cstring>

#include "backends/simd/amx.h"

namespace whygpu::simd {
namespace {

class EmulatedTiles {
 public:
  static void configure(const TileShapes& shapes) {
    shapes_ = shapes;
    std::memset(registers_, 0, sizeof registers_);
  }
  static void release() { shapes_ = {}; }
  template <int kTo>
  static void zero() {
    std::memset(registers_[kTo], 0, sizeof registers_[kTo]);
  }
  template <int kTo>
  static void load(const std::byte* from, std::int64_t row) {
    zero<kTo>();
    for (int r = 0; r < shapes_.rows[kTo]; ++r) {
      std::memcpy(registers_[kTo][r], from + r * row, shapes_.row_bytes[kTo]);
    }
  }
  template <int kFrom>
  static void store(std::byte* to, std::int64_t row) {
    for (int r = 0; r < shapes_.rows[kFrom]; ++r) {
      std::memcpy(to + r * row, registers_[kFrom][r], shapes_.row_bytes[kFrom]);
    }
  }

 protected:
  // Sums of rows of A by words of B: `group` values, side by side, in each word of both.
  template <class Value, class Sum, class Convert>
  static void multiply_add(int sum, int a, int b, const Convert& convert) {
    constexpr int kGroup = 4 / sizeof(Value);
    for (int m = 0; m < shapes_.rows[sum]; ++m) {
      for (int n = 0; n < kTileRows; ++n) {
        Sum total = at<Sum>(sum, m, n);
        for (int word = 0; word < kTileRows; ++word) {
          for (int i = 0; i < kGroup; ++i) {
            total += convert(at<Value>(a, m, word * kGroup + i)) * convert(at<Value>(b, word, n * kGroup + i));
          }
        }
        std::memcpy(registers_[sum][m] + n * sizeof total, &total, sizeof total);
      }
    }
  }

 private:
  template <class T>
  static T at(int tile, int row, int index) {
    T value;
    std::memcpy(&value, registers_[tile][row] + index * sizeof value, sizeof value);
    return value;
  }

  static inline thread_local TileShapes shapes_;
  static inline thread_local std::byte registers_[kTileRegisters][kTileRows][kLine];
};

struct EmulatedBf16 : EmulatedTiles {
  template <int kSum, int kA, int kB>
  static void multiply_add() {
    EmulatedTiles::multiply_add<std::uint16_t, float>(kSum, kA, kB, [](std::uint16_t bits) {
      const std::uint32_t wide = std::uint32_t{bits} << 16;
      float value;
      std::memcpy(&value, &wide, sizeof value);
      return value;
    });
  }
};

struct EmulatedS8 : EmulatedTiles {
  template <int kSum, int kA, int kB>
  static void multiply_add() {
    EmulatedTiles::multiply_add<std::int8_t, std::int32_t>(kSum, kA, kB, [](std::int8_t v) { return std::int32_t{v}; });
  }
};

struct EmulatedVectors {
  static constexpr int kBytes = kLine;
  template <class V>
  static constexpr bool has_masks() {
    return false;
  }
};

constexpr bool always(const Isa&) { return true; }

constexpr Kernels kEmulatedAmxBf16 =
    make_amx_kernels<AmxBf16<EmulatedVectors, EmulatedBf16>>(DType::bf16, "amx_emulated", "", always);
constexpr Kernels kEmulatedAmxS8 =
    make_amx_kernels<AmxS8<EmulatedVectors, EmulatedS8>>(DType::s8, "amx_emulated", "", always);

}  // namespace
}  // namespace whygpu::simd
