// Storage types and functions that compilers vectorise: no branches, no calls. Everything here is local to one
// translation unit per instruction set, and no templates of the standard library are instantiated, so that the linker
// cannot use code for a newer CPU on an older one.
#pragma once

#include <math.h>
#include <stdint.h>

#include "whygpu/backend.h"

namespace {

using Index = int64_t;

struct Bf16 {
  uint16_t bits;
};

inline float load(const float* p, Index i) { return p[i]; }
inline float load(const Bf16* p, Index i) { return __builtin_bit_cast(float, static_cast<uint32_t>(p[i].bits) << 16); }
inline void store(float* p, Index i, float x) { p[i] = x; }
// Rounds to nearest even; NaN keeps its upper half and so stays NaN in practice (quiet NaNs have their top bit set).
inline void store(Bf16* p, Index i, float x) {
  const auto word = __builtin_bit_cast(uint32_t, x);
  const uint32_t rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
  p[i].bits = static_cast<uint16_t>((word & 0x7fffffff) > 0x7f800000 ? word >> 16 | 0x40 : rounded);
}

// Calls f with a null pointer of the storage type.
template <class F>
void with_type(whygpu::DType dtype, F f) {
  if (dtype == whygpu::DType::bf16) {
    f(static_cast<Bf16*>(nullptr));
  } else {
    f(static_cast<float*>(nullptr));
  }
}

// 2^n and e^r - 1 with integer n and |r| <= ln 2 / 2, such that e^x = 2^n · (1 + (e^r - 1)). The Taylor series to r^7
// leaves a relative error below 1e-8.
struct ExpParts {
  float scale, rest;
};
inline ExpParts exp_parts(float x) {
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float shifted = x * 1.44269504F + 12582912.0F;  // 1.5 · 2^23: the integer part lands in the low bits
  const float n = shifted - 12582912.0F;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts
  float q = 1.0F / 5040;
  q = q * r + 1.0F / 720;
  q = q * r + 1.0F / 120;
  q = q * r + 1.0F / 24;
  q = q * r + 1.0F / 6;
  q = q * r + 0.5F;
  q = q * r + 1.0F;
  const auto exponent = (__builtin_bit_cast(int32_t, shifted) - 0x4b400000 + 127) << 23;
  return {__builtin_bit_cast(float, exponent), q * r};
}

inline float exp_of(float x) {
  const ExpParts e = exp_parts(x);
  return e.scale + e.scale * e.rest;
}

inline float sigmoid(float x) { return 1.0F / (1.0F + exp_of(-x)); }

// (e^2|x| - 1) / (e^2|x| + 1), exact to a few units in the last place even for small x.
inline float tanh_of(float x) {
  const float magnitude = x < 0 ? -x : x;
  const ExpParts e = exp_parts(2 * magnitude);
  const float less_one = (e.scale - 1.0F) + e.scale * e.rest;
  const float result = less_one / (less_one + 2.0F);
  return x < 0 ? -result : result;
}

}  // namespace
