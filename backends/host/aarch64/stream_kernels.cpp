#include "backends/host/stream_kernels.h"

namespace whygpu::host {
namespace {

constexpr std::string_view kIsa = "NEON";
constexpr int kWidth = 16;
#define WHYGPU_TARGET
#define WHYGPU_HAS_NONTEMPORAL false
#define WHYGPU_NONTEMPORAL_STORE(pointer, value) *reinterpret_cast<Vector*>(pointer) = value
#include "backends/host/stream_loops.inc"

// The vector kernels again, because non-temporal stores (STNP) take two registers.
template <class T, StreamKernel kernel>
void nontemporal_loop(const T* x, const T* y, T* z, std::int64_t count) {
  typedef T Vector __attribute__((vector_size(kWidth)));
  struct Pair {
    Vector low, high;
  };
  constexpr std::int64_t kLanes = sizeof(Pair) / sizeof(T);
  constexpr T s = static_cast<T>(kStreamScale);
  const std::int64_t whole = count / kLanes * kLanes;
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < whole; i += kLanes) {
    Pair value = *reinterpret_cast<const Pair*>(x + i);
    const Pair* other = reinterpret_cast<const Pair*>(y + i);
    if constexpr (kernel == StreamKernel::scale) value = {s * value.low, s * value.high};
    if constexpr (kernel == StreamKernel::add) value = {value.low + other->low, value.high + other->high};
    if constexpr (kernel == StreamKernel::triad) value = {value.low + s * other->low, value.high + s * other->high};
    __asm__ volatile("stnp %q1, %q2, %0" : "=Q"(*reinterpret_cast<Pair*>(z + i)) : "w"(value.low), "w"(value.high));
  }
  for (std::int64_t i = whole; i < count; ++i) z[i] = stream_value<T, kernel>(x, y, i);
}

}  // namespace

template <class T>
std::optional<StreamLoops<T>> native_stream_loops() {
  StreamLoops<T> found = loops<T>();
  found.has_nontemporal = true;
  found.nontemporal[static_cast<int>(StreamKernel::copy)] = nontemporal_loop<T, StreamKernel::copy>;
  found.nontemporal[static_cast<int>(StreamKernel::scale)] = nontemporal_loop<T, StreamKernel::scale>;
  found.nontemporal[static_cast<int>(StreamKernel::add)] = nontemporal_loop<T, StreamKernel::add>;
  found.nontemporal[static_cast<int>(StreamKernel::triad)] = nontemporal_loop<T, StreamKernel::triad>;
  return found;
}
template std::optional<StreamLoops<float>> native_stream_loops();
template std::optional<StreamLoops<double>> native_stream_loops();

void fence_stores() { __asm__ volatile("dmb ishst" : : : "memory"); }

}  // namespace whygpu::host
