// Compiled for Armv8.2 with BFDOT.
#include "backends/simd/instruction_sets.h"
#include "backends/simd/neon.h"

namespace whygpu::simd {
namespace {

struct NeonBf16 : Neon {
  template <class Sums, class Words>
  static Sums add_bf16_pairs(Sums sum, Words a, Words b) {
    return vbfdotq_f32(sum, reinterpret_cast<bfloat16x8_t>(a), reinterpret_cast<bfloat16x8_t>(b));
  }
};

bool available(const Isa& isa) { return isa.bf16; }

}  // namespace

constexpr Kernels kNeonBf16Pairs = make_kernels<Bf16Pairs<NeonBf16>>(DType::bf16, "neon_bf16", "bfdot", available);

}  // namespace whygpu::simd
