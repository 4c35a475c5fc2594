// Machine instructions that C++ does not have (sm_80 and later), as functions. The host versions, with checks that a
// GPU does not make, are in backends/cuda/simt/instructions.h.
#pragma once

#include "backends/cuda/kernels/platform.h"
#include "backends/dtypes.h"

namespace whygpu::cuda {

// An f32 of which the tensor cores read the upper 19 bits.
struct Tf32 {
  float value;
};

}  // namespace whygpu::cuda

#ifndef __CUDACC__
#include "backends/cuda/simt/instructions.h"
#else

namespace whygpu::cuda {

__device__ __forceinline__ unsigned shared_address(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

// Starts copying kBytes (4, 8 or 16, both addresses multiples of it) from global to shared memory. Writes zeros when
// not `inside`; `global` is then not read.
template <int kBytes>
__device__ __forceinline__ void copy_async(void* shared, const void* global, bool inside) {
  const int bytes = inside ? kBytes : 0;
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared_address(shared)), "l"(global),
                 "n"(kBytes), "r"(bytes)
                 : "memory");
  }
}

// Ends a group of this thread's copies.
__device__ __forceinline__ void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most kGroups of this thread's latest groups are pending.
template <int kGroups>
__device__ __forceinline__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
}

// Loads four matrices of 8 rows by 16 bytes. Lane 8i + r passes the address of row r of matrix i; lane 4r + w receives
// in fragments[i] the 32-bit word w of row r.
__device__ __forceinline__ void load_matrix_x4(unsigned (&fragments)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragments[0]), "=r"(fragments[1]), "=r"(fragments[2]), "=r"(fragments[3])
               : "r"(shared_address(row))
               : "memory");
}

// Like load_matrix_x4, with each 8×8 matrix of 16-bit elements transposed.
__device__ __forceinline__ void load_matrix_x4_transposed(unsigned (&fragments)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragments[0]), "=r"(fragments[1]), "=r"(fragments[2]), "=r"(fragments[3])
               : "r"(shared_address(row))
               : "memory");
}

// A 32-bit word of shared memory.
__device__ __forceinline__ unsigned load_word(const void* word) {
  unsigned value;
  asm volatile("ld.shared.b32 %0, [%1];" : "=r"(value) : "r"(shared_address(word)) : "memory");
  return value;
}

// d += a · b for a tile of 16 × 8 results and 32 bytes of k, fragments as the PTX manual lays them out for mma.m16n8k*.
#define WHYGPU_MMA(Type, Sum, constraint, instruction)                                                              \
  __device__ __forceinline__ void multiply_add(Type, Sum(&d)[4], const unsigned(&a)[4], const unsigned(&b)[2]) {    \
    asm volatile("mma.sync.aligned." instruction " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
                 : constraint(d[0]), constraint(d[1]), constraint(d[2]), constraint(d[3])                           \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));                               \
  }
WHYGPU_MMA(Float16, float, "+f", "m16n8k16.row.col.f32.f16.f16.f32")
WHYGPU_MMA(BFloat16, float, "+f", "m16n8k16.row.col.f32.bf16.bf16.f32")
WHYGPU_MMA(Tf32, float, "+f", "m16n8k8.row.col.f32.tf32.tf32.f32")
WHYGPU_MMA(std::int8_t, std::int32_t, "+r", "m16n8k32.row.col.s32.s8.s8.s32")
#undef WHYGPU_MMA

}  // namespace whygpu::cuda

#endif
