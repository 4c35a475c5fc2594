// Processors without kernels of their own: compiler vectors only.
#include "backends/host/peak_kernels.h"
#include "backends/host/stream_kernels.h"

namespace whygpu::host {

std::span<const PeakKernel> native_peak_kernels() { return {}; }

std::string_view clock_instruction() { return "64-bit multiplications, 3 cycles each"; }

void run_clock_chain(std::int64_t cycles) {
  std::uint64_t value = 3;
  for (std::int64_t i = 0; i < cycles / 3; ++i) {
    value *= value;
    __asm__ volatile("" : "+r"(value));
  }
}

template <class T>
std::optional<StreamLoops<T>> native_stream_loops() {
  return std::nullopt;
}
template std::optional<StreamLoops<float>> native_stream_loops();
template std::optional<StreamLoops<double>> native_stream_loops();

void fence_stores() {}

}  // namespace whygpu::host
