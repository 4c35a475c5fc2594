// The STREAM loops of one thread, for the best instruction set of this processor.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "whygpu/probes.h"

namespace whygpu::host {

template <class T>
struct StreamLoops {
  using Loop = void (*)(const T* x, const T* y, T* z, std::int64_t count);  // y is not read by copy and scale

  std::string_view isa;  // "AVX-512", …
  bool has_nontemporal;

  // Indexed by StreamKernel. Non-temporal stores bypass the caches: a line is not read before it is overwritten.
  Loop stores[4], nontemporal[4];
  T (*sum)(const T* x, std::int64_t count);
};

// Pointers are 64-byte aligned. Non-temporal stores must be followed by fence_stores().
template <class T>
const StreamLoops<T>& stream_loops();

// Those of the best instruction set that this processor has, if it has one of its architecture's (x86_64/, aarch64/).
template <class T>
std::optional<StreamLoops<T>> native_stream_loops();

// Orders earlier non-temporal stores before what follows.
void fence_stores();

}  // namespace whygpu::host
