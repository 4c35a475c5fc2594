// How to run a layer's OpenCL kernels: NAME/opencl.h, which names those of NAME/opencl.cl (see opencl/parts.cl).
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/devices/opencl_launch.h"
#include "backends/layers/opencl/sources.h"

namespace whygpu::opencl_layers {

using Index = std::int64_t;

inline constexpr int kTeam = 64;            // work items that share a row, and teams that compute a total
inline constexpr std::size_t kGroup = 256;  // work items of a group whose items are independent
inline constexpr Index kRowsPerSlice = 64, kMaxSlices = 65535;  // for sums over columns
inline constexpr Index kMaxSums = 2;                            // per column

// An argument of the layer: three of a kernel's that declares it as VALUES, two as FLOATS or INTEGERS.
struct Operand {
  OpenClValues values;
  bool narrow = false;  // bf16
};
inline OpenClValues floats(const Operand& operand) { return operand.values; }
inline OpenClValues integers(const Operand& operand) { return operand.values; }

using Operands = std::span<const Operand>;  // in the layer's order

inline std::tuple<cl_mem, cl_ulong, cl_int> as_kernel_arguments(const Operand& operand) {
  return {operand.values.memory, operand.values.first, operand.narrow ? 1 : 0};
}

inline Index slices_of(Index rows) {
  return std::clamp<Index>((rows + kRowsPerSlice - 1) / kRowsPerSlice, 1, kMaxSlices);
}

// The kernels of one layer's folder, compiled from `text`: opencl/parts.cl and NAME/opencl.cl.
class Kernels {
 public:
  Kernels(OpenClDevice& device, const std::string& text)
      : program_(device, text, "-cl-std=CL1.2 -DTEAM=" + std::to_string(kTeam)) {}

  OpenClKernel& find(const char* name) {
    auto found = kernels_.find(name);
    if (found == kernels_.end()) found = kernels_.emplace(name, program_.kernel(name)).first;
    return found->second;
  }

 private:
  OpenClProgram program_;
  std::map<std::string, OpenClKernel, std::less<>> kernels_;
};

// Queues the kernels of one layer. Further arguments follow those of the launch; integers are the kernel's int unless
// they are an Index, which is its long.
class Launcher {
 public:
  Launcher(cl_command_queue queue, Kernels& kernels, cl_mem partial)
      : queue_(queue), kernels_(kernels), partial_(partial) {}

  // kernel(long count, …)
  template <class... Arguments>
  void elements(const char* kernel, Index count, const Arguments&... arguments) {
    run(kernel, {static_cast<std::size_t>(count), 1, 1}, {kGroup, 1, 1}, cl_long{count}, arguments...);
  }
  // kernel(…)
  template <class... Arguments>
  void rows(const char* kernel, Index count, const Arguments&... arguments) {
    run(kernel, {static_cast<std::size_t>(count) * kTeam, 1, 1}, {kTeam, 1, 1}, arguments...);
  }
  // kernel(SLICES, …)
  template <class... Arguments>
  void columns(const char* kernel, Index rows, Index columns, const Arguments&... arguments) {
    const auto slices = static_cast<cl_int>(slices_of(rows));
    run(kernel, {static_cast<std::size_t>(columns), static_cast<std::size_t>(slices), 1}, {kTeam, 1, 1}, partial_,
        slices, cl_long{rows}, cl_long{columns}, arguments...);
  }
  template <class... Arguments>
  void column_ends(const char* kernel, Index rows, Index columns, const Arguments&... arguments) {
    run(kernel, {static_cast<std::size_t>(columns), 1, 1}, {kTeam, 1, 1}, partial_,
        static_cast<cl_int>(slices_of(rows)), cl_long{rows}, cl_long{columns}, arguments...);
  }
  // kernel(global float *partial, long count, …)
  template <class... Arguments>
  void total(const char* kernel, Index count, const Arguments&... arguments) {
    run(kernel, {kTeam * kTeam, 1, 1}, {kTeam, 1, 1}, partial_, cl_long{count}, arguments...);
  }
  template <class... Arguments>
  void total_end(const char* kernel, Index count, const Arguments&... arguments) {
    run(kernel, {kTeam, 1, 1}, {kTeam, 1, 1}, partial_, cl_long{count}, arguments...);
  }

 private:
  template <class... Arguments>
  void run(const char* kernel, const WorkSize& items, const WorkSize& group, const Arguments&... arguments) {
    launch(kernels_.find(kernel), queue_, items, group, arguments...);
  }

  cl_command_queue queue_;
  Kernels& kernels_;
  cl_mem partial_;
};

// The layers that have OpenCL kernels, by name.
struct OpenClLayers {
  struct Entry {
    std::string_view source;
    std::function<void(const void* description, Operands t, Launcher& launch)> run;
    Index (*partial)(const void* description) = nullptr;  // floats of scratch memory for sums
  };
  std::map<std::string_view, Entry> entries;

  template <class Op>
  void add(std::string_view source, void (*run)(const Op& op, Operands t, Launcher& launch)) {
    entries[Op::kName] = {source,
                          [run](const void* description, Operands t, Launcher& launch) {
                            run(*static_cast<const Op*>(description), t, launch);
                          },
                          [](const void* description) {
                            Index count = kTeam;
                            if constexpr (requires(const Op& op) { op.columns; }) {
                              const auto& op = *static_cast<const Op*>(description);
                              count = std::max(count, slices_of(op.rows) * op.columns * kMaxSums);
                            }
                            return count;
                          }};
  }
};

}  // namespace whygpu::opencl_layers
