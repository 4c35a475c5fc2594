#include "backends/host/peak_kernels.h"

namespace whygpu::host {
namespace {

// The loops are written entirely in assembly: no compiler simplifies or spills them, and a file built for any x86-64
// may contain instructions that few processors have. `issue` is an instruction acc += a·b in AT&T order; `chains`
// numbers the accumulators.
#define WHYGPU_VECTOR_KERNEL(function, isa_target, issue, reg, width, chains, a_index, b_index, minus_index, ...)     \
  __attribute__((target(isa_target))) void function(std::int64_t rounds, PeakData& data) {                            \
    __asm__ volatile(                                                                                                 \
        "vmovups (%[a]), %%" reg a_index                                                                              \
        "\n\t"                                                                                                        \
        "vmovups (%[b]), %%" reg b_index                                                                              \
        "\n\t"                                                                                                        \
        "vmovups (%[minus_b]), %%" reg minus_index                                                                    \
        "\n\t"                                                                                                        \
        ".irp i, " chains "\n\t vmovups \\i*" width "(%[start]), %%" reg                                              \
        "\\i\n\t .endr\n\t"                                                                                           \
        ".p2align 6\n1:\n\t"                                                                                          \
        ".irp i, " chains "\n\t" issue " %%" reg b_index ", %%" reg a_index ", %%" reg                                \
        "\\i\n\t .endr\n\t"                                                                                           \
        ".irp i, " chains "\n\t" issue " %%" reg minus_index ", %%" reg a_index ", %%" reg                            \
        "\\i\n\t .endr\n\t"                                                                                           \
        "dec %[rounds]\n\tjnz 1b\n\t"                                                                                 \
        ".irp i, " chains "\n\t vmovups %%" reg "\\i, \\i*" width                                                     \
        "(%[end])\n\t .endr\n\t"                                                                                      \
        "vzeroupper"                                                                                                  \
        : [rounds] "+r"(rounds)                                                                                       \
        : [start] "r"(data.start), [a] "r"(data.a), [b] "r"(data.b), [minus_b] "r"(data.minus_b), [end] "r"(data.end) \
        : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",    \
          "xmm11", "xmm12", "xmm13", "xmm14", "xmm15" __VA_OPT__(, ) __VA_ARGS__);                                    \
  }

#define WHYGPU_ZMM_KERNEL(function, issue)                                                                           \
  WHYGPU_VECTOR_KERNEL(function, "avx512f", issue, "zmm", "64",                                                      \
                       "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23", "24", \
                       "25", "26", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24",  \
                       "xmm25", "xmm26")

#define WHYGPU_YMM_KERNEL(function, issue) \
  WHYGPU_VECTOR_KERNEL(function, "avx2", issue, "ymm", "32", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11", "12", "13", "14")

WHYGPU_ZMM_KERNEL(f64_avx512, "vfmadd231pd")
WHYGPU_ZMM_KERNEL(f32_avx512, "vfmadd231ps")
WHYGPU_ZMM_KERNEL(f16_avx512, "vfmadd231ph")
WHYGPU_ZMM_KERNEL(bf16_avx512, "vdpbf16ps")
WHYGPU_ZMM_KERNEL(s8_avx512, "vpdpbusd")
WHYGPU_YMM_KERNEL(f64_avx2, "vfmadd231pd")
WHYGPU_YMM_KERNEL(f32_avx2, "vfmadd231ps")
WHYGPU_YMM_KERNEL(s8_avx_vnni, "%{vex%} vpdpbusd")

#undef WHYGPU_YMM_KERNEL
#undef WHYGPU_ZMM_KERNEL
#undef WHYGPU_VECTOR_KERNEL

// AMX: tiles 0-3 accumulate, 4 holds A, 5 B and 6 -B, each 16 rows of 64 bytes. A start tile has x in every row.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16};
};

#define WHYGPU_TILE_KERNEL(function, multiply)                                                                 \
  void function(std::int64_t rounds, PeakData& data) {                                                         \
    const TileConfiguration configuration;                                                                     \
    const std::int64_t stride = 64;                                                                            \
    __asm__ volatile(                                                                                          \
        "ldtilecfg (%[configuration])\n\t"                                                                     \
        "tileloadd (%[start],%[stride],1), %%tmm0\n\t"                                                         \
        "tileloadd 1024(%[start],%[stride],1), %%tmm1\n\t"                                                     \
        "tileloadd 2048(%[start],%[stride],1), %%tmm2\n\t"                                                     \
        "tileloadd 3072(%[start],%[stride],1), %%tmm3\n\t"                                                     \
        "tileloadd (%[a],%[stride],1), %%tmm4\n\t"                                                             \
        "tileloadd (%[b],%[stride],1), %%tmm5\n\t"                                                             \
        "tileloadd (%[minus_b],%[stride],1), %%tmm6\n\t"                                                       \
        ".p2align 6\n"                                                                                         \
        "1:\n\t"                                                                                               \
        ".irp tile, 0, 1, 2, 3\n\t" multiply                                                                   \
        " %%tmm5, %%tmm4, %%tmm\\tile\n\t.endr\n\t"                                                            \
        ".irp tile, 0, 1, 2, 3\n\t" multiply                                                                   \
        " %%tmm6, %%tmm4, %%tmm\\tile\n\t.endr\n\t"                                                            \
        "dec %[rounds]\n\t"                                                                                    \
        "jnz 1b\n\t"                                                                                           \
        "tilestored %%tmm0, (%[end],%[stride],1)\n\t"                                                          \
        "tilestored %%tmm1, 1024(%[end],%[stride],1)\n\t"                                                      \
        "tilestored %%tmm2, 2048(%[end],%[stride],1)\n\t"                                                      \
        "tilestored %%tmm3, 3072(%[end],%[stride],1)\n\t"                                                      \
        "tilerelease"                                                                                          \
        : [rounds] "+r"(rounds)                                                                                \
        : [configuration] "r"(&configuration), [stride] "r"(stride), [start] "r"(data.start), [a] "r"(data.a), \
          [b] "r"(data.b), [minus_b] "r"(data.minus_b), [end] "r"(data.end)                                    \
        : "memory", "cc");                                                                                     \
  }

WHYGPU_TILE_KERNEL(bf16_amx, "tdpbf16ps")
WHYGPU_TILE_KERNEL(s8_amx, "tdpbssd")

#undef WHYGPU_TILE_KERNEL

constexpr PeakKernel kKernels[] = {
    {DType::f64, "avx512", "vfmadd231pd zmm", &Isa::avx512, DType::f64, 64, 24, 16, f64_avx512},
    {DType::f64, "avx2", "vfmadd231pd ymm", &Isa::avx2, DType::f64, 32, 12, 8, f64_avx2},
    {DType::f32, "avx512", "vfmadd231ps zmm", &Isa::avx512, DType::f32, 64, 24, 32, f32_avx512},
    {DType::f32, "avx2", "vfmadd231ps ymm", &Isa::avx2, DType::f32, 32, 12, 16, f32_avx2},
    {DType::f16, "avx512_fp16", "vfmadd231ph zmm, f16 sums", &Isa::avx512_fp16, DType::f16, 64, 24, 64, f16_avx512},
    {DType::bf16, "amx", "tdpbf16ps", &Isa::amx_bf16, DType::f32, 1024, 4, 16384, bf16_amx},
    {DType::bf16, "avx512_bf16", "vdpbf16ps zmm", &Isa::avx512_bf16, DType::f32, 64, 24, 64, bf16_avx512},
    {DType::s8, "amx", "tdpbssd", &Isa::amx_int8, DType::s32, 1024, 4, 32768, s8_amx},
    {DType::s8, "avx512_vnni", "vpdpbusd zmm", &Isa::avx512_vnni, DType::s32, 64, 24, 128, s8_avx512},
    {DType::s8, "avx_vnni", "vpdpbusd ymm", &Isa::avx_vnni, DType::s32, 32, 12, 64, s8_avx_vnni},
};

constexpr int kMultiplyLatency = 3;  // cycles: Intel since Nehalem, AMD since Zen

}  // namespace

std::span<const PeakKernel> native_peak_kernels() { return kKernels; }

std::string_view clock_instruction() { return "64-bit multiplications, 3 cycles each"; }

void run_clock_chain(std::int64_t cycles) {
  std::uint64_t value = 3;
  for (std::int64_t i = 0; i < cycles / kMultiplyLatency; i += 16) {
#pragma GCC unroll 16
    for (int step = 0; step < 16; ++step) {
      value *= value;
      __asm__ volatile("" : "+r"(value));
    }
  }
}

}  // namespace whygpu::host
