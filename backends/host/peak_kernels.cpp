#include "backends/host/peak_kernels.h"

#include <cstring>
#include <vector>

// Makes the compiler assume that a register changed.
#if defined(__x86_64__)
#define WHYGPU_KEEP(vector) __asm__ volatile("" : "+x"(vector))
#else
#define WHYGPU_KEEP(vector) __asm__ volatile("" : "+w"(vector))
#endif

namespace whygpu::host {
namespace {

// For any processor: four lanes of compiler vectors, in the instruction set of the build.
template <class T>
void portable(std::int64_t rounds, PeakData& data) {
  typedef T Register __attribute__((vector_size(16)));
  Register accumulators[8], a, b, minus_b;
  std::memcpy(&a, data.a, sizeof a);
  std::memcpy(&b, data.b, sizeof b);
  std::memcpy(&minus_b, data.minus_b, sizeof minus_b);
  std::memcpy(accumulators, data.start, sizeof accumulators);
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (const Register& factor : {b, minus_b}) {
#pragma GCC unroll 8
      for (auto& accumulator : accumulators) {
        accumulator += a * factor;
        WHYGPU_KEEP(accumulator);
      }
    }
  }
  std::memcpy(data.end, accumulators, sizeof accumulators);
}

std::vector<PeakKernel> all_kernels() {
  const auto native = native_peak_kernels();
  std::vector<PeakKernel> kernels(native.begin(), native.end());
  constexpr auto kInstruction = "multiply and add, 16-byte vectors";
  kernels.push_back({DType::f64, "portable", kInstruction, nullptr, DType::f64, 16, 8, 4, portable<double>});
  kernels.push_back({DType::f32, "portable", kInstruction, nullptr, DType::f32, 16, 8, 8, portable<float>});
  return kernels;
}

}  // namespace

std::span<const PeakKernel> peak_kernels() {
  static const std::vector<PeakKernel> kernels = all_kernels();
  return kernels;
}

}  // namespace whygpu::host
