// The sets of kernels, one source file for each instruction set.
#pragma once

#include "backends/simd/kernels.h"

namespace whygpu::simd {

extern const Kernels kAvx2F64, kAvx2F32, kAvx2Bf16, kAvx2S8;
extern const Kernels kAvx512F64, kAvx512F32, kAvx512Bf16, kAvx512S8;
extern const Kernels kAvx512Bf16Pairs, kAvx512S8Quads;
extern const Kernels kAmxBf16, kAmxS8;
extern const Kernels kNeonF64, kNeonF32, kNeonBf16, kNeonS8;
extern const Kernels kNeonBf16Pairs, kNeonS8Quads;

}  // namespace whygpu::simd
