// Our GEMM kernels as a ladder of rungs, each faster than the one below it and able to explain what it adds.
//
// Nothing here needs CUDA's headers: the same rungs are built by nvcc for a GPU and by the host compiler for tests.
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

// What a plan needs to know of the GPU.
struct Chip {
  int capability = 80;  // ten times major plus minor
  int multiprocessors = 1;
  std::size_t shared_bytes = 0;  // most dynamic shared memory of a block
};

// Dense row-major operands on the device, and scratch memory of the plan's size.
struct Buffers {
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  void* workspace = nullptr;
  CUstream_st* stream = nullptr;
};

// Everything decided: `run` only launches.
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

// From the first lesson to the fastest kernel.
std::span<const Rung* const> rungs();

// The names of the rungs that take `op`, the fastest (the default) first.
std::vector<std::string> gemm_variants(const Gemm& op, const Chip& chip);

// Why `op` cannot run as `variant`, or yes. An empty variant is the default.
Support gemm_supports(const Gemm& op, std::string_view variant, const Chip& chip);

// Throws std::runtime_error with the reason of gemm_supports().
Plan plan_gemm(const Gemm& op, std::string_view variant, const Chip& chip);

extern const Rung naive_rung, coalesced_rung, tiled_rung, register_tiled_rung, vectorised_rung, warp_tiled_rung,
    tensor_rung, hopper_rung;

}  // namespace whygpu::cuda
