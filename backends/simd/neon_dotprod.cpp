// Compiled for Armv8.2 with SDOT.
#include "backends/simd/instruction_sets.h"
#include "backends/simd/neon.h"

namespace whygpu::simd {
namespace {

struct NeonDotprod : Neon {
  static constexpr bool kSignedQuads = true;

  template <class Sums, class Words>
  static Sums add_s8_quads(Sums sum, Words a, Words b) {
    return vdotq_s32(sum, reinterpret_cast<int8x16_t>(a), reinterpret_cast<int8x16_t>(b));
  }
};

bool available(const Isa& isa) { return isa.dotprod; }

}  // namespace

constexpr Kernels kNeonS8Quads = make_kernels<S8Quads<NeonDotprod>>(DType::s8, "neon_dotprod", "sdot", available);

}  // namespace whygpu::simd
