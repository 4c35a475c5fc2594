#include "backends/host/stream_kernels.h"

#include "backends/host/isa.h"

namespace whygpu::host {
namespace {

// Element i of the result of a vector kernel.
template <class T, StreamKernel kernel>
T stream_value(const T* x, const T* y, std::int64_t i) {
  constexpr T s = static_cast<T>(kStreamScale);
  switch (kernel) {
    case StreamKernel::scale: return s * x[i];
    case StreamKernel::add: return x[i] + y[i];
    case StreamKernel::triad: return x[i] + s * y[i];
    default: return x[i];
  }
}

#if defined(__x86_64__)
#define WHYGPU_HAS_NONTEMPORAL true
#define WHYGPU_NONTEMPORAL_STORE(pointer, value) \
  __asm__ volatile("vmovntps %1, %0" : "=m"(*reinterpret_cast<Vector*>(pointer)) : "v"(value))

namespace avx512 {
constexpr int kWidth = 64;
#define WHYGPU_TARGET __attribute__((target("avx512f,avx512vl,fma")))
#include "backends/host/stream_loops.inc"
#undef WHYGPU_TARGET
}  // namespace avx512

namespace avx2 {
constexpr int kWidth = 32;
#define WHYGPU_TARGET __attribute__((target("avx2,fma")))
#include "backends/host/stream_loops.inc"
#undef WHYGPU_TARGET
}  // namespace avx2

#undef WHYGPU_NONTEMPORAL_STORE
#undef WHYGPU_HAS_NONTEMPORAL
#endif

namespace portable {
constexpr int kWidth = 16;
#define WHYGPU_TARGET
#define WHYGPU_HAS_NONTEMPORAL false
#define WHYGPU_NONTEMPORAL_STORE(pointer, value) *reinterpret_cast<Vector*>(pointer) = value
#include "backends/host/stream_loops.inc"
}  // namespace portable

template <class T>
StreamLoops<T> choose() {
#if defined(__x86_64__)
  if (isa().avx512) return avx512::loops<T>();
  if (isa().avx2) return avx2::loops<T>();
#endif
  return portable::loops<T>();
}

}  // namespace

template <class T>
const StreamLoops<T>& stream_loops() {
  static const StreamLoops<T> chosen = choose<T>();
  return chosen;
}
template const StreamLoops<float>& stream_loops();
template const StreamLoops<double>& stream_loops();

void fence_stores() {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

std::string_view stream_isa() { return isa().avx512 ? "AVX-512" : isa().avx2 ? "AVX2" : "16-byte vectors"; }
bool has_nontemporal_stores() { return isa().avx2; }

}  // namespace whygpu::host
