// Compiled for AVX-512, which every processor with AMX has. GCC's intrinsics of AMX take numbers of registers as
// literals only, so the instructions are written out.
#include "backends/simd/amx.h"

#include "backends/simd/avx512.h"
#include "backends/simd/instruction_sets.h"

namespace whygpu::simd {
namespace {

struct TileRegisters {
  static void configure(const TileShapes& shapes) { __asm__ volatile("ldtilecfg %0" : : "m"(shapes)); }
  static void release() { __asm__ volatile("tilerelease"); }
  template <int kTo>
  static void zero() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTo));
  }
  template <int kTo>
  static void load(const void* from, std::int64_t row) {
    __asm__ volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(kTo), "r"(from), "r"(row) : "memory");
  }
  template <int kFrom>
  static void store(void* to, std::int64_t row) {
    __asm__ volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(kFrom), "r"(to), "r"(row) : "memory");
  }
};

struct Bf16Registers : TileRegisters {
  template <int kSum, int kA, int kB>
  static void multiply_add() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
  }
};

struct S8Registers : TileRegisters {
  template <int kSum, int kA, int kB>
  static void multiply_add() {
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
  }
};

bool has_bf16(const Isa& isa) { return isa.amx_bf16 && isa.avx512; }
bool has_s8(const Isa& isa) { return isa.amx_int8 && isa.avx512; }

}  // namespace

constexpr Kernels kAmxBf16 =
    make_amx_kernels<AmxBf16<Avx512, Bf16Registers>>(DType::bf16, "amx", "tdpbf16ps", has_bf16);
constexpr Kernels kAmxS8 = make_amx_kernels<AmxS8<Avx512, S8Registers>>(DType::s8, "amx", "tdpbssd", has_s8);

}  // namespace whygpu::simd
