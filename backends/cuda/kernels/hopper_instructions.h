// Hopper's own instructions (sm_90a) as functions: barriers that count bytes, the tensor memory accelerator (TMA) and
// the warpgroup multiply-add. The host versions are in backends/cuda/simt/hopper_instructions.h.
#pragma once

#include "backends/cuda/kernels/instructions.h"

namespace whygpu::cuda {

// A barrier in shared memory. Its phases alternate in parity, starting at 0. A phase ends when the expected number of
// threads has arrived and all announced bytes have landed.
using Barrier = std::uint64_t;

// The tile geometry for the tensor cores: the start, the distance between groups of 64 columns of an operand that runs
// across k (`leading`), and between groups of eight lines (`stride`), in bytes; 128-byte swizzle.
__device__ __forceinline__ std::uint64_t make_descriptor(unsigned address, unsigned leading, unsigned stride) {
  const auto field = [](unsigned bytes) { return static_cast<std::uint64_t>((bytes & 0x3ffff) >> 4); };
  return field(address) | field(leading) << 16 | field(stride) << 32 | std::uint64_t{1} << 62;
}

}  // namespace whygpu::cuda

#ifndef __CUDACC__
#include "backends/cuda/simt/hopper_instructions.h"
#else
#include <cuda.h>

namespace whygpu::cuda {

using TensorMap = CUtensorMap;

// ---- Barriers ----

__device__ __forceinline__ void barrier_init(Barrier* barrier, unsigned arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

// Makes initialised barriers visible to the cluster and to TMA; a cluster_sync() must follow.
__device__ __forceinline__ void barrier_init_fence() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// Arrives, and announces bytes that must land before the phase can end.
__device__ __forceinline__ void barrier_arrive_expecting(Barrier* barrier, unsigned bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes)
               : "memory");
}

__device__ __forceinline__ void barrier_arrive(Barrier* barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}

// Arrives at the same barrier in block `rank` of the cluster. The multiply-adds whose reads it announces are complete;
// a release to the whole cluster would be a fence for the whole GPU, in every step.
__device__ __forceinline__ void barrier_arrive_at(Barrier* barrier, unsigned rank) {
  asm volatile(
      "{\n"
      ".reg .b32 remote;\n"
      "mapa.shared::cluster.u32 remote, %0, %1;\n"
      "mbarrier.arrive.shared::cluster.b64 _, [remote];\n"
      "}" ::"r"(shared_address(barrier)),
      "r"(rank)
      : "memory");
}

// Waits until the phase of this parity has ended.
__device__ __forceinline__ void barrier_wait(Barrier* barrier, unsigned parity) {
  unsigned done = 0;
  while (done == 0) {
    asm volatile(
        "{\n"
        ".reg .pred p;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
        "selp.u32 %0, 1, 0, p;\n"
        "}"
        : "=r"(done)
        : "r"(shared_address(barrier)), "r"(parity)
        : "memory");
  }
}

// Synchronises `threads` threads of the block, in whole warps, at hardware barrier `id` (0 is __syncthreads).
__device__ __forceinline__ void named_barrier(int id, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

__device__ __forceinline__ unsigned cluster_rank() {
  unsigned rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

// Synchronises all threads of all blocks of the cluster.
__device__ __forceinline__ void cluster_sync() {
  asm volatile(
      "barrier.cluster.arrive.release;\n"
      "barrier.cluster.wait.acquire;" ::
          : "memory");
}

// ---- TMA ----

// Copies the map's box at (x, y, z) to shared memory, 128-byte swizzled, and counts its bytes at `barrier`.
__device__ __forceinline__ void tma_load(void* shared, const TensorMap& map, int x, int y, int z, Barrier* barrier) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], [%5];" ::
          "r"(shared_address(shared)),
      "l"(&map), "r"(x), "r"(y), "r"(z), "r"(shared_address(barrier))
      : "memory");
}

// Like tma_load(), to the same place in every block of the cluster selected by `mask`, each counting at its own
// barrier.
__device__ __forceinline__ void tma_load_multicast(void* shared, const TensorMap& map, int x, int y, int z,
                                                   Barrier* barrier, std::uint16_t mask) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster"
      " [%0], [%1, {%2, %3, %4}], [%5], %6;" ::"r"(shared_address(shared)),
      "l"(&map), "r"(x), "r"(y), "r"(z), "r"(shared_address(barrier)), "h"(mask)
      : "memory");
}

// Copies the pixels that a tap at offset (tap_x, tap_y) reads: as many as the map says, starting where the tap at
// offset 0 reads (x, y, n), channels from c on, 128-byte swizzled. Counts the bytes at `barrier`.
__device__ __forceinline__ void tma_load_pixels(void* shared, const TensorMap& map, int c, int x, int y, int n,
                                                int tap_x, int tap_y, Barrier* barrier) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes"
      " [%0], [%1, {%2, %3, %4, %5}], [%6], {%7, %8};" ::"r"(shared_address(shared)),
      "l"(&map), "r"(c), "r"(x), "r"(y), "r"(n), "r"(shared_address(barrier)), "h"(static_cast<std::uint16_t>(tap_x)),
      "h"(static_cast<std::uint16_t>(tap_y))
      : "memory");
}

// Starts copying a box from shared memory to (x, y, z). Elements outside the matrix are dropped.
__device__ __forceinline__ void tma_store(const TensorMap& map, const void* shared, int x, int y, int z) {
  asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%1, %2, %3}], [%4];" ::"l"(&map), "r"(x),
               "r"(y), "r"(z), "r"(shared_address(shared))
               : "memory");
}

__device__ __forceinline__ void tma_store_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }

// Waits until at most kGroups of this thread's stores still have to read their shared memory.
template <int kGroups>
__device__ __forceinline__ void tma_store_wait_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(kGroups) : "memory");
}

// Waits until all of this thread's stores are complete.
__device__ __forceinline__ void tma_store_wait() { asm volatile("cp.async.bulk.wait_group 0;" ::: "memory"); }

// Orders this thread's ordinary writes to shared memory before reads by TMA and the tensor cores.
__device__ __forceinline__ void fence_async_proxy() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// ---- Warpgroups ----

template <int kRegisters>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

template <int kRegisters>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

// Needed before the first multiply-add, and after registers of the sums were accessed.
__device__ __forceinline__ void warpgroup_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void warpgroup_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Waits until at most kGroups groups of multiply-adds are pending.
template <int kGroups>
__device__ __forceinline__ void warpgroup_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kGroups) : "memory");
}

// Keeps the compiler from reading the sums before the preceding wait.
template <int kCount>
__device__ __forceinline__ void settle(float (&sums)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) asm volatile("" : "+f"(sums[i])::"memory");
}
template <int kCount>
__device__ __forceinline__ void settle(std::int32_t (&sums)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) asm volatile("" : "+r"(sums[i])::"memory");
}

// d = a · b, or d += a · b, for 64 rows, as many columns as d holds, and 32 bytes of k; operands by descriptor. The
// "across" template arguments mark operands that run across k (16-bit types only).
#define WHYGPU_EIGHT(c, d, i) \
  c(d[i]), c(d[i + 1]), c(d[i + 2]), c(d[i + 3]), c(d[i + 4]), c(d[i + 5]), c(d[i + 6]), c(d[i + 7])
#define WHYGPU_SIXTY_FOUR(c, d, i)                                                                          \
  WHYGPU_EIGHT(c, d, i), WHYGPU_EIGHT(c, d, i + 8), WHYGPU_EIGHT(c, d, i + 16), WHYGPU_EIGHT(c, d, i + 24), \
      WHYGPU_EIGHT(c, d, i + 32), WHYGPU_EIGHT(c, d, i + 40), WHYGPU_EIGHT(c, d, i + 48), WHYGPU_EIGHT(c, d, i + 56)
#define WHYGPU_THIRTY_TWO(c, d) \
  WHYGPU_EIGHT(c, d, 0), WHYGPU_EIGHT(c, d, 8), WHYGPU_EIGHT(c, d, 16), WHYGPU_EIGHT(c, d, 24)
#define WHYGPU_NAMES_32                                                    \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define WHYGPU_NAMES_64                                                                \
  WHYGPU_NAMES_32                                                                      \
  ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define WHYGPU_NAMES_128                                                                         \
  WHYGPU_NAMES_64                                                                                \
  ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "           \
  "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "             \
  "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
  "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"

#define WHYGPU_WGMMA(Type, Sum, c, shape_and_types, scales)                                                        \
  template <bool kAcrossA, bool kAcrossB>                                                                          \
  __device__ __forceinline__ void warpgroup_multiply_add(Type, Sum(&d)[128], std::uint64_t a, std::uint64_t b,     \
                                                         bool accumulate) {                                        \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\nwgmma.mma_async.sync.aligned.m64n256" shape_and_types \
                 " {" WHYGPU_NAMES_128 "}, %128, %129, p" scales(131, 132) ";\n}"                                  \
                 : WHYGPU_SIXTY_FOUR(c, d, 0), WHYGPU_SIXTY_FOUR(c, d, 64)                                         \
                 : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)), "n"(kAcrossA), "n"(kAcrossB));               \
  }                                                                                                                \
  template <bool kAcrossA, bool kAcrossB>                                                                          \
  __device__ __forceinline__ void warpgroup_multiply_add(Type, Sum(&d)[64], std::uint64_t a, std::uint64_t b,      \
                                                         bool accumulate) {                                        \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\nwgmma.mma_async.sync.aligned.m64n128" shape_and_types  \
                 " {" WHYGPU_NAMES_64 "}, %64, %65, p" scales(67, 68) ";\n}"                                       \
                 : WHYGPU_SIXTY_FOUR(c, d, 0)                                                                      \
                 : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)), "n"(kAcrossA), "n"(kAcrossB));               \
  }                                                                                                                \
  template <bool kAcrossA, bool kAcrossB>                                                                          \
  __device__ __forceinline__ void warpgroup_multiply_add(Type, Sum(&d)[32], std::uint64_t a, std::uint64_t b,      \
                                                         bool accumulate) {                                        \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\nwgmma.mma_async.sync.aligned.m64n64" shape_and_types   \
                 " {" WHYGPU_NAMES_32 "}, %32, %33, p" scales(35, 36) ";\n}"                                       \
                 : WHYGPU_THIRTY_TWO(c, d)                                                                         \
                 : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)), "n"(kAcrossA), "n"(kAcrossB));               \
  }
#define WHYGPU_SCALES_AND_TRANSPOSES(a, b) ", 1, 1, %" #a ", %" #b
#define WHYGPU_SCALES(a, b) ", 1, 1"
#define WHYGPU_NO_SCALES(a, b) ""
WHYGPU_WGMMA(Float16, float, "+f", "k16.f32.f16.f16", WHYGPU_SCALES_AND_TRANSPOSES)
WHYGPU_WGMMA(BFloat16, float, "+f", "k16.f32.bf16.bf16", WHYGPU_SCALES_AND_TRANSPOSES)
WHYGPU_WGMMA(Tf32, float, "+f", "k8.f32.tf32.tf32", WHYGPU_SCALES)
WHYGPU_WGMMA(Float8E4M3, float, "+f", "k32.f32.e4m3.e4m3", WHYGPU_SCALES)
WHYGPU_WGMMA(std::int8_t, std::int32_t, "+r", "k32.s32.s8.s8", WHYGPU_NO_SCALES)
#undef WHYGPU_WGMMA

}  // namespace whygpu::cuda

#endif
