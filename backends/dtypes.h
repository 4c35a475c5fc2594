// Host storage types for the dtypes that C++ lacks, with round-to-nearest-even conversions. NaN stays NaN.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "whygpu/backend.h"

namespace whygpu {

// The upper half of an IEEE binary32.
struct BFloat16 {
  std::uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    bits = std::isnan(value) ? 0x7fc0 : static_cast<std::uint16_t>((word + 0x7fff + ((word >> 16) & 1)) >> 16);
  }
  explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

#if defined(__aarch64__)
using Half = __fp16;  // g++ 12 has no _Float16 for Arm in C++
#else
using Half = _Float16;
#endif

// IEEE binary16.
struct Float16 {
  std::uint16_t bits = 0;

  Float16() = default;
  explicit Float16(float value) : bits(std::bit_cast<std::uint16_t>(static_cast<Half>(value))) {}
  explicit operator float() const { return static_cast<float>(std::bit_cast<Half>(bits)); }
};

// 1 sign, 4 exponent (bias 7), 3 mantissa bits; no infinity, NaN is all ones, saturates at 448 (OCP 8-bit format,
// E4M3).
struct Float8E4M3 {
  std::uint8_t bits = 0;

  Float8E4M3() = default;
  explicit Float8E4M3(float value) {
    const std::uint8_t sign = std::signbit(value) ? 0x80 : 0;
    const float magnitude = std::fabs(value);
    if (std::isnan(value)) {
      bits = 0x7f;
    } else if (magnitude >= 448.0F) {
      bits = sign | 0x7e;
    } else {
      // One unit in the last place is 2^-9 below 2^-6 (subnormal), 2^(exponent - 3) above.
      const int exponent = magnitude < 0x1p-6F ? -6 : std::ilogb(magnitude);
      const auto units = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 3 - exponent)));
      // units is in [0, 16]; a carry to 16 increments the exponent.
      const int code = exponent == -6 && units < 8 ? units : ((exponent + 7) << 3) + (units - 8);
      bits = sign | static_cast<std::uint8_t>(code);
    }
  }
  explicit operator float() const {
    const int exponent = (bits >> 3) & 15;
    const int mantissa = bits & 7;
    if (exponent == 15 && mantissa == 7) return std::numeric_limits<float>::quiet_NaN();
    const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                                          : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
    return (bits & 0x80) != 0 ? -magnitude : magnitude;
  }
};

// `value` with its mantissa rounded to tf32's 10 bits.
inline float round_to_tf32(float value) {
  if (!std::isfinite(value)) return value;
  const auto word = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((word + 0xfff + ((word >> 13) & 1)) & ~0x1fffU);
}

// Calls f(T{}) with the storage type of `dtype`.
template <class F>
decltype(auto) with_storage_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f64: return f(double{});
    case DType::f32:
    case DType::tf32: return f(float{});
    case DType::f16: return f(Float16{});
    case DType::bf16: return f(BFloat16{});
    case DType::f8e4m3: return f(Float8E4M3{});
    case DType::s8: return f(std::int8_t{});
    case DType::s32: return f(std::int32_t{});
  }
  throw std::logic_error("unknown dtype");
}

}  // namespace whygpu
