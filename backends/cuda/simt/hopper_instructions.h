// The host model of backends/cuda/kernels/hopper_instructions.h, following the PTX manual: barriers with phases and
// bytes, TMA boxes with the 128-byte swizzle, multiply-adds by descriptor. Work that is asynchronous on a GPU happens
// at the earliest or the latest possible moment, depending on the schedule.
#pragma once

#include "backends/cuda/simt/instructions.h"

namespace whygpu::cuda {

// An im2col map of NHWC images, x before y.
struct ImageMap {
  int channels;
  int extents[3];          // width, height, images
  int lower[2], upper[2];  // corners of the box of pixels at offset 0: from the first pixel, from the last
  int steps[2];
  int pixels;  // per load
};

// A map of matrices, or of images.
struct TensorMap {
  void* data;
  int element_bytes;
  std::int64_t length, lines, entries;  // elements, lines, matrices
  std::int64_t pitch, entry;            // bytes
  int box_lines;
  ImageMap image;
};

// Shared memory as the tensor cores address it.
inline unsigned shared_address(const void* pointer) {
  return static_cast<unsigned>(static_cast<const std::byte*>(pointer) - simt::dynamic_shared());
}

void barrier_init(Barrier* barrier, unsigned arrivals);
inline void barrier_init_fence() {}
void barrier_arrive_expecting(Barrier* barrier, unsigned bytes);
void barrier_arrive(Barrier* barrier);
void barrier_arrive_at(Barrier* barrier, unsigned rank);
void barrier_wait(Barrier* barrier, unsigned parity);
inline void named_barrier(int id, int threads) { simt::sync_named(id, threads); }
inline unsigned cluster_rank() { return simt::cluster_rank(); }
inline void cluster_sync() { simt::sync_cluster(); }

void tma_load_multicast(void* shared, const TensorMap& map, int x, int y, int z, Barrier* barrier, std::uint16_t mask);
inline void tma_load(void* shared, const TensorMap& map, int x, int y, int z, Barrier* barrier) {
  tma_load_multicast(shared, map, x, y, z, barrier, static_cast<std::uint16_t>(1U << simt::cluster_rank()));
}
void tma_load_pixels(void* shared, const TensorMap& map, int c, int x, int y, int n, int tap_x, int tap_y,
                     Barrier* barrier);
void tma_store(const TensorMap& map, const void* shared, int x, int y, int z);
void tma_store_commit();
void tma_store_wait_groups(int groups_left);
template <int kGroups>
void tma_store_wait_read() {
  tma_store_wait_groups(kGroups);
}
inline void tma_store_wait() { tma_store_wait_groups(0); }
inline void fence_async_proxy() {}

template <int kRegisters>
void give_registers() {}
template <int kRegisters>
void take_registers() {}
inline void warpgroup_fence() {}
template <class Sum, int kCount>
void settle(Sum (&)[kCount]) {}

void warpgroup_commit();
void warpgroup_wait_groups(int groups_left);
template <int kGroups>
void warpgroup_wait() {
  warpgroup_wait_groups(kGroups);
}

// One thread's part of a warpgroup_multiply_add().
struct WarpgroupOperands {
  void* sums;
  std::uint64_t a, b;
  int columns;
  bool across_a, across_b, accumulate;
};
// For each element type that the instruction takes (hopper_instructions.cpp).
template <class In>
void warpgroup_issue(std::span<void* const> threads);

template <bool kAcrossA, bool kAcrossB, class In, class Sum, int kCount>
void warpgroup_multiply_add(In, Sum (&d)[kCount], std::uint64_t a, std::uint64_t b, bool accumulate) {
  static_assert(sizeof(In) == 2 || (!kAcrossA && !kAcrossB));
  WarpgroupOperands mine{d, a, b, 2 * kCount, kAcrossA, kAcrossB, accumulate};
  simt::warpgroup_collective(warpgroup_issue<In>, &mine);
}

}  // namespace whygpu::cuda
