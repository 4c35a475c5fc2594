// How to write a layer's GPU kernels: NAME/cuda.h, compiled by nvcc and, for tests, by the host compiler.
//
// A layer launches parts, function objects that compute one element, row, column or total:
//   elements(count, f)         f(i) for each element i; results are independent of each other
//   rows(count, f)             f(row, team): the threads of a team share a row; team.sum(x) and team.maximum(x)
//                              reduce over the team, and every thread gets the result
//   columns(rows, columns, f)  f.add(row, column, sums) for every element, f.finish(column, sums) once per column
//   total(count, f)            f.value(i) for every element, f.finish(sum) once
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string_view>

#include "backends/layers/common.h"
#include "whygpu/dtype.h"

#ifdef __CUDACC__
#define WHYGPU_BOTH __host__ __device__
#else
#define WHYGPU_BOTH
#endif

namespace whygpu::cuda_layers {

using Index = std::int64_t;
using Storage = void* const*;  // of each argument, in the operation's order

// f32 or bf16 values in device memory.
struct Values {
  void* data = nullptr;
  bool narrow = false;

  Values() = default;
  Values(void* pointer, DType dtype) : data(pointer), narrow(dtype == DType::bf16) {}

  WHYGPU_BOTH float operator[](Index i) const {
    if (!narrow) return static_cast<const float*>(data)[i];
    const std::uint32_t word = std::uint32_t{static_cast<const std::uint16_t*>(data)[i]} << 16;
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  }
  // Rounds to nearest even; NaN stays NaN.
  WHYGPU_BOTH void set(Index i, float value) const {
    if (!narrow) {
      static_cast<float*>(data)[i] = value;
      return;
    }
    std::uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    const std::uint32_t rounded = (word + 0x7fff + ((word >> 16) & 1)) >> 16;
    static_cast<std::uint16_t*>(data)[i] = static_cast<std::uint16_t>(value != value ? 0x7fc0 : rounded);
  }
};

inline const float* floats(const void* pointer) { return static_cast<const float*>(pointer); }
inline float* floats(void* pointer) { return static_cast<float*>(pointer); }

inline const std::int32_t* integers(const void* pointer) { return static_cast<const std::int32_t*>(pointer); }

WHYGPU_BOTH inline float sigmoid(float x) { return 1.0F / (1.0F + expf(-x)); }

WHYGPU_BOTH inline void atomic_add(float* sum, float value) {
#ifdef __CUDA_ARCH__
  atomicAdd(sum, value);
#else
  *sum += value;
#endif
}

inline constexpr Index kRowsPerSlice = 64, kMaxSlices = 65535;  // for sums over columns
inline constexpr Index kTotalBlocks = 256;                      // that compute a total
inline constexpr Index kMaxSums = 2;                            // per column

inline Index slices_of(Index rows) {
  return std::clamp<Index>((rows + kRowsPerSlice - 1) / kRowsPerSlice, 1, kMaxSlices);
}

// The layers that a Launcher can run, by name.
template <class Launcher>
struct CudaLayers {
  struct Entry {
    std::function<void(const void* description, Storage t, Launcher& launch)> run;
    Index (*sums)(const void* description) = nullptr;  // scratch floats for sums over columns, or a total
  };
  std::map<std::string_view, Entry> entries;

  template <class Op>
  void add(void (*run)(const Op& op, Storage t, Launcher& launch)) {
    entries[Op::kName] = {[run](const void* description, Storage t, Launcher& launch) {
                            run(*static_cast<const Op*>(description), t, launch);
                          },
                          [](const void* description) {
                            Index floats = kTotalBlocks;
                            if constexpr (requires(const Op& op) { op.columns; }) {
                              const auto& op = *static_cast<const Op*>(description);
                              floats = std::max(floats, slices_of(op.rows) * op.columns * kMaxSums);
                            }
                            return floats;
                          }};
  }
};

}  // namespace whygpu::cuda_layers
