// Data types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace whygpu {

// tf32 is stored as f32 and multiplied with a 10-bit mantissa; f8e4m3 is the OCP 8-bit format; s8 and s32 are integers.
enum class DType : std::uint8_t { f64, f32, tf32, f16, bf16, f8e4m3, s8, s32 };

inline constexpr std::string_view dtype_name(DType dtype) {
  constexpr std::string_view names[] = {"f64", "f32", "tf32", "f16", "bf16", "f8e4m3", "s8", "s32"};
  return names[static_cast<std::size_t>(dtype)];
}

// Bytes of one stored value.
inline constexpr std::size_t dtype_bytes(DType dtype) {
  constexpr std::size_t bytes[] = {8, 4, 4, 2, 2, 1, 1, 4};
  return bytes[static_cast<std::size_t>(dtype)];
}

// The type in which products of `dtype` are accumulated and returned.
inline constexpr DType accumulator_of(DType dtype) {
  if (dtype == DType::f64) return DType::f64;
  return dtype == DType::s8 || dtype == DType::s32 ? DType::s32 : DType::f32;
}

}  // namespace whygpu
