#include "backends/host/peak_kernels.h"

namespace whygpu::host {
namespace {

// The loops are written entirely in assembly: no compiler simplifies or spills them, and a file built for any Armv8
// processor may contain instructions that few have. `issue` adds the products of factors, of arrangement `factor`, to
// an accumulator of arrangement `sum`: 24 of them in v0 to v23, a in v24, b in v25, -b in v26.
#define WHYGPU_CHAINS ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23\n\t"
#define WHYGPU_NEON_KERNEL(function, extension, issue, sum, factor)                                                   \
  __attribute__((target(extension))) void function(std::int64_t rounds, PeakData& data) {                             \
    __asm__ volatile(                                                                                                 \
        "ldr q24, [%[a]]\n\tldr q25, [%[b]]\n\tldr q26, [%[minus_b]]\n\t" WHYGPU_CHAINS                               \
        "ldr q\\i, [%[start], 16 * \\i]\n\t.endr\n\t"                                                                 \
        ".p2align 6\n1:\n\t" WHYGPU_CHAINS issue " v\\i\\()." sum ", v24." factor ", v25." factor                     \
        "\n\t.endr\n\t" WHYGPU_CHAINS issue " v\\i\\()." sum ", v24." factor ", v26." factor                          \
        "\n\t.endr\n\t"                                                                                               \
        "subs %[rounds], %[rounds], 1\n\tb.ne 1b\n\t" WHYGPU_CHAINS "str q\\i, [%[end], 16 * \\i]\n\t.endr"           \
        : [rounds] "+r"(rounds)                                                                                       \
        : [start] "r"(data.start), [a] "r"(data.a), [b] "r"(data.b), [minus_b] "r"(data.minus_b), [end] "r"(data.end) \
        : "memory", "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13",     \
          "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26");                 \
  }

WHYGPU_NEON_KERNEL(f64_neon, "+simd", "fmla", "2d", "2d")
WHYGPU_NEON_KERNEL(f32_neon, "+simd", "fmla", "4s", "4s")
WHYGPU_NEON_KERNEL(f16_neon, "arch=armv8.2-a+fp16", "fmla", "8h", "8h")
WHYGPU_NEON_KERNEL(bf16_matrix, "arch=armv8.2-a+bf16", "bfmmla", "4s", "8h")
WHYGPU_NEON_KERNEL(bf16_dot, "arch=armv8.2-a+bf16", "bfdot", "4s", "8h")
WHYGPU_NEON_KERNEL(s8_matrix, "arch=armv8.2-a+i8mm", "smmla", "4s", "16b")
WHYGPU_NEON_KERNEL(s8_dot, "arch=armv8.2-a+dotprod", "sdot", "4s", "16b")

#undef WHYGPU_NEON_KERNEL
#undef WHYGPU_CHAINS

constexpr PeakKernel kKernels[] = {
    {DType::f64, "neon", "fmla v.2d", nullptr, DType::f64, 16, 24, 4, f64_neon},
    {DType::f32, "neon", "fmla v.4s", nullptr, DType::f32, 16, 24, 8, f32_neon},
    {DType::f16, "fp16", "fmla v.8h, f16 sums", &Isa::fp16, DType::f16, 16, 24, 16, f16_neon},
    {DType::bf16, "bfmmla", "bfmmla", &Isa::bf16, DType::f32, 16, 24, 32, bf16_matrix},
    {DType::bf16, "bfdot", "bfdot", &Isa::bf16, DType::f32, 16, 24, 16, bf16_dot},
    {DType::s8, "i8mm", "smmla", &Isa::i8mm, DType::s32, 16, 24, 64, s8_matrix},
    {DType::s8, "dotprod", "sdot", &Isa::dotprod, DType::s32, 16, 24, 32, s8_dot},
};

}  // namespace

std::span<const PeakKernel> native_peak_kernels() { return kKernels; }

std::string_view clock_instruction() { return "64-bit exclusive ors, 1 cycle each"; }

// Multiplications take 2 to 5 cycles, depending on the core.
void run_clock_chain(std::int64_t cycles) {
  std::uint64_t value = 3;
  for (std::int64_t i = 0; i < cycles; i += 48) {
#pragma GCC unroll 48
    for (int step = 0; step < 48; ++step) __asm__ volatile("eor %0, %0, %1" : "+r"(value) : "r"(i));
  }
}

}  // namespace whygpu::host
