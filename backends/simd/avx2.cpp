// Compiled for AVX2 and FMA.
#include <immintrin.h>

#include "backends/simd/instruction_sets.h"
#include "backends/simd/packing.h"

namespace whygpu::simd {
namespace {

struct Avx2 {
  static constexpr int kBytes = 32;
  static constexpr int kRows = 6, kVectors = 2;  // 12 of 16 registers hold sums
  static constexpr int wide_vectors(int rows) { return rows == 1 ? 8 : 12 / rows; }

  template <class V>
  static constexpr bool has_masks() {
    return sizeof(V) == 32 && sizeof(V{}[0]) >= 4;
  }

  // The highest bit of a lane says whether it is read or written.
  static __m256i mask(int bytes, int lanes) {
    alignas(32) static constexpr std::int32_t kOnes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kOnes + 8 - lanes * bytes / 4));
  }
  template <class V>
  static V load_first(const void* from, int lanes) {
    return reinterpret_cast<V>(_mm256_maskload_epi32(static_cast<const int*>(from), mask(sizeof(V{}[0]), lanes)));
  }
  template <class V>
  static void store_first(void* to, V value, int lanes) {
    _mm256_maskstore_epi32(static_cast<int*>(to), mask(sizeof(V{}[0]), lanes), reinterpret_cast<__m256i>(value));
  }
  template <class Sums, class Words>
  static Sums add_s16_pairs(Sums sum, Words a, Words b) {
    return sum + reinterpret_cast<Sums>(_mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
  }
};

bool available(const Isa& isa) { return isa.avx2; }

}  // namespace

constexpr Kernels kAvx2F64 = make_kernels<Plain<Avx2, double>>(DType::f64, "avx2", "vfmadd231pd", available);
constexpr Kernels kAvx2F32 = make_kernels<Plain<Avx2, float>>(DType::f32, "avx2", "vfmadd231ps", available);
constexpr Kernels kAvx2Bf16 =
    make_kernels<WidenedBf16<Avx2>>(DType::bf16, "avx2", "vfmadd231ps on widened values", available);
constexpr Kernels kAvx2S8 = make_kernels<WidenedS8<Avx2>>(DType::s8, "avx2", "vpmaddwd on widened values", available);

}  // namespace whygpu::simd
