// Compiled for AVX-512 F, BW, DQ and VL.
#include "backends/simd/avx512.h"

#include "backends/simd/instruction_sets.h"

namespace whygpu::simd {
namespace {

bool available(const Isa& isa) { return isa.avx512; }

}  // namespace

constexpr Kernels kAvx512F64 = make_kernels<Plain<Avx512, double>>(DType::f64, "avx512", "vfmadd231pd", available);
constexpr Kernels kAvx512F32 = make_kernels<Plain<Avx512, float>>(DType::f32, "avx512", "vfmadd231ps", available);
constexpr Kernels kAvx512Bf16 =
    make_kernels<WidenedBf16<Avx512>>(DType::bf16, "avx512", "vfmadd231ps on widened values", available);
constexpr Kernels kAvx512S8 =
    make_kernels<WidenedS8<Avx512>>(DType::s8, "avx512", "vpmaddwd on widened values", available);

}  // namespace whygpu::simd
