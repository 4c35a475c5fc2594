// Compiled for AVX-512 with bf16.
#include "backends/simd/avx512.h"
#include "backends/simd/instruction_sets.h"

namespace whygpu::simd {
namespace {

struct Avx512Bf16 : Avx512 {
  template <class Sums, class Words>
  static Sums add_bf16_pairs(Sums sum, Words a, Words b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

bool available(const Isa& isa) { return isa.avx512_bf16; }

}  // namespace

constexpr Kernels kAvx512Bf16Pairs =
    make_kernels<Bf16Pairs<Avx512Bf16>>(DType::bf16, "avx512_bf16", "vdpbf16ps", available);

}  // namespace whygpu::simd
