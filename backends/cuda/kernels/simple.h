// Shared by the rungs on CUDA cores: any shape and transpose, one launch, no workspace.
#pragma once

#include "backends/cuda/gemm.h"
#include "backends/cuda/kernels/arguments.h"

namespace whygpu::cuda {

inline constexpr std::int64_t kMaxBlocks = 0x7fffffff;

// Indices within one batch entry and the number of blocks are 32-bit.
inline Support fits(const Gemm& op) {
  for (auto extent : {op.m, op.n, op.k, op.batch}) {
    if (extent < 1 || extent >= (std::int64_t{1} << 30)) {
      return Support::no("m, n, k and batch must be from 1 to 2^30 - 1");
    }
  }
  if (blocks_of<32, 8>(op) > kMaxBlocks) return Support::no("more than 2^31 - 1 tiles of 32 x 8");
  return {};
}

inline Support supports_simple(const Gemm& op, const Chip&) {
  if (op.dtype == DType::s32) return Support::no("s32 is a result type only");
  if (op.dtype == DType::tf32) return Support::no("tf32 is a tensor-core format; use tensor or hopper");
  return fits(op);
}

// A plan with one launch of kernel_of(In{}), In being the storage type of op.dtype.
template <class KernelOf>
Plan simple_plan(const Gemm& op, std::string_view name, const LaunchShape& shape, KernelOf kernel_of) {
  return with_storage_type(op.dtype, [&](auto in) -> Plan {
    using In = decltype(in);
    if constexpr (std::is_same_v<In, std::int32_t>) {
      throw std::logic_error("s32 is a result type only");
    } else {
      return {std::string(name) + " kernel, CUDA cores, " + std::string(dtype_name(accumulator_of(op.dtype))) +
                  " accumulation",
              0, [=](const Buffers& buffers) {
                launch(kernel_of(In{}), shape, buffers.stream,
                       gemm_arguments<In, Accumulator<In>>(op, buffers.a, buffers.b, buffers.c));
              }};
    }
  });
}

}  // namespace whygpu::cuda
