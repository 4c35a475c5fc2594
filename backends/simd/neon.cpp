// What every 64-bit Arm processor has.
#include "backends/simd/neon.h"

#include "backends/simd/instruction_sets.h"

namespace whygpu::simd {
namespace {

bool available(const Isa&) { return true; }

}  // namespace

constexpr Kernels kNeonF64 = make_kernels<Plain<Neon, double>>(DType::f64, "neon", "fmla", available);
constexpr Kernels kNeonF32 = make_kernels<Plain<Neon, float>>(DType::f32, "neon", "fmla", available);
constexpr Kernels kNeonBf16 = make_kernels<WidenedBf16<Neon>>(DType::bf16, "neon", "fmla on widened values", available);
constexpr Kernels kNeonS8 = make_kernels<WidenedS8<Neon>>(DType::s8, "neon", "smull on widened values", available);

}  // namespace whygpu::simd
