#include "backends/host/stream_kernels.h"

#include "backends/devices/isa.h"

namespace whygpu::host {
namespace {

#define WHYGPU_HAS_NONTEMPORAL true
#define WHYGPU_NONTEMPORAL_STORE(pointer, value) \
  __asm__ volatile("vmovntps %1, %0" : "=m"(*reinterpret_cast<Vector*>(pointer)) : "v"(value))

namespace avx512 {
constexpr std::string_view kIsa = "AVX-512";
constexpr int kWidth = 64;
#define WHYGPU_TARGET __attribute__((target("avx512f,avx512vl,fma")))
#include "backends/host/stream_loops.inc"
#undef WHYGPU_TARGET
}  // namespace avx512

namespace avx2 {
constexpr std::string_view kIsa = "AVX2";
constexpr int kWidth = 32;
#define WHYGPU_TARGET __attribute__((target("avx2,fma")))
#include "backends/host/stream_loops.inc"
#undef WHYGPU_TARGET
}  // namespace avx2

}  // namespace

template <class T>
std::optional<StreamLoops<T>> native_stream_loops() {
  if (isa().avx512) return avx512::loops<T>();
  if (isa().avx2) return avx2::loops<T>();
  return std::nullopt;
}
template std::optional<StreamLoops<float>> native_stream_loops();
template std::optional<StreamLoops<double>> native_stream_loops();

void fence_stores() { __builtin_ia32_sfence(); }

}  // namespace whygpu::host
