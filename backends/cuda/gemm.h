// Our GEMM kernels as a ladder of rungs: each is faster than the one before and adds one technique.
//
// This header does not need CUDA: nvcc compiles the rungs for a GPU, the host compiler compiles them for tests.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "whygpu/backend.h"

struct CUstream_st;

namespace whygpu::cuda {

// Properties of the GPU that plans depend on.
struct Chip {
  int capability = 80;  // 10 · major + minor
  int multiprocessors = 1;
  std::size_t shared_bytes = 0;  // dynamic shared memory limit of a block
};

// Dense row-major operands on the device, and Plan::workspace_bytes of scratch memory.
struct Buffers {
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  void* workspace = nullptr;
  CUstream_st* stream = nullptr;
};

// All decisions made; `run` only launches.
struct Plan {
  std::string description;
  std::size_t workspace_bytes = 0;
  std::function<void(const Buffers&)> run;
};

struct Rung {
  std::string_view name;
  Support (*supports)(const Gemm& op, const Chip& chip);
  Plan (*plan)(const Gemm& op, const Chip& chip);  // for a supported op
};

// From the simplest to the fastest kernel.
std::span<const Rung* const> rungs();

// The names of the rungs that support `op`, the fastest (the default) first.
std::vector<std::string> gemm_variants(const Gemm& op, const Chip& chip);

// Whether `op` can run as `variant`. An empty variant is the default.
Support gemm_supports(const Gemm& op, std::string_view variant, const Chip& chip);

// Throws std::runtime_error with the reason from gemm_supports().
Plan plan_gemm(const Gemm& op, std::string_view variant, const Chip& chip);

extern const Rung naive_rung, coalesced_rung, tiled_rung, register_tiled_rung, vectorised_rung, warp_tiled_rung,
    tensor_rung, hopper_rung;

}  // namespace whygpu::cuda
