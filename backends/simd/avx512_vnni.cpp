// Compiled for AVX-512 with VNNI.
#include "backends/simd/avx512.h"
#include "backends/simd/instruction_sets.h"

namespace whygpu::simd {
namespace {

struct Avx512Vnni : Avx512 {
  static constexpr bool kSignedQuads = false;

  template <class Sums, class Words>
  static Sums add_s8_quads(Sums sum, Words a, Words b) {
    return reinterpret_cast<Sums>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), reinterpret_cast<__m512i>(a),
                                                      reinterpret_cast<__m512i>(b)));
  }
};

bool available(const Isa& isa) { return isa.avx512_vnni; }

}  // namespace

constexpr Kernels kAvx512S8Quads = make_kernels<S8Quads<Avx512Vnni>>(DType::s8, "avx512_vnni", "vpdpbusd", available);

}  // namespace whygpu::simd
