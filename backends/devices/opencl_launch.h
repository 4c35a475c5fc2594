// Launches of OpenCL kernels over buffers with offsets.
#pragma once

#include <array>
#include <tuple>

#include "backends/devices/opencl_program.h"

namespace whygpu {

// Two arguments of a kernel: a pointer, and where its values start, in elements (ulong). Buffers are not split, because
// devices require a larger alignment of a part than views have.
struct OpenClValues {
  cl_mem memory = nullptr;
  cl_ulong first = 0;
};

inline OpenClValues opencl_values(const Tensor* tensor, DType dtype) {
  const OpenClSpan span = opencl_span(tensor);
  return {span.memory, span.offset / dtype_bytes(dtype)};
}

using WorkSize = std::array<std::size_t, 3>;

template <class T>
std::tuple<T> as_kernel_arguments(const T& value) {
  return {value};
}
inline std::tuple<cl_mem, cl_ulong> as_kernel_arguments(const OpenClValues& values) {
  return {values.memory, values.first};
}

// Sets all arguments of `kernel` in order and queues `items` work items, rounded up to whole groups of `group`.
template <class... Arguments>
void launch(OpenClKernel& kernel, cl_command_queue queue, const WorkSize& items, const WorkSize& group,
            const Arguments&... arguments) {
  std::apply([&](const auto&... flat) { kernel.set(flat...); }, std::tuple_cat(as_kernel_arguments(arguments)...));
  const auto rounded = [&](std::size_t i) { return (items[i] + group[i] - 1) / group[i] * group[i]; };
  kernel.enqueue(queue, {rounded(0), rounded(1), rounded(2)}, {group[0], group[1], group[2]});
}

}  // namespace whygpu
