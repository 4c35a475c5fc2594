// Runs CUDA kernels as plain C++, so that they can be tested and debugged without a GPU.
//
// Every thread of a block is a fiber: it runs until it reaches a barrier or a warp-wide instruction, then the next one
// runs. Blocks run one after another, except those of one cluster. Not modelled: time, memory consistency within a
// warp, and anything that needs two blocks to run at once. A wait that can never end is reported as an error instead of
// hanging.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__

namespace whygpu::simt {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};

// Correct code gives the same result under both schedules; a missing barrier or wait fails under at least one of them.
enum class Schedule : std::uint8_t {
  forward_eager,  // low threads first, asynchronous copies complete when issued: finds data overwritten while in use
  reverse_late,   // high threads first, asynchronous copies complete when waited for: finds data used too early
};
void set_schedule(Schedule schedule);
Schedule schedule();

struct Launch {
  unsigned grid = 1, block = 1;
  std::size_t shared_bytes = 0;
  unsigned cluster = 1;  // blocks that run concurrently
};

// Runs `kernel` once per thread. Rethrows what a thread threw; throws std::runtime_error when threads wait forever.
void run_grid(const Launch& launch, const std::function<void()>& kernel);

// ---- For running threads ----

void sync_threads();
void sync_warp();
// Waits for `threads` threads of the block at barrier `id`, like bar.sync.
void sync_named(int id, int threads);

// Waits for all threads of the cluster.
void sync_cluster();

int lane();
unsigned cluster_rank();
std::byte* dynamic_shared();
// The address in the cluster's block `rank` that corresponds to `address` in this block's dynamic shared memory.
void* in_cluster(void* address, unsigned rank);

// A warp-wide instruction: every lane passes its operands, and the last to arrive executes it for all 32; likewise for
// the 128 threads of a warpgroup.
using Collective = void (*)(std::span<void* const> operands);
void warp_collective(Collective perform, void* operands);
void warpgroup_collective(Collective perform, void* operands);

// Threads that sleep until another one wakes them all.
struct WaitList {
  std::vector<void*> sleepers;
};
void sleep_on(WaitList& list);
void wake_all(WaitList& list);

// Runs `event` when no thread of the cluster can run, the latest moment at which it may happen.
void when_idle(std::function<void()> event);

// Storage for further models of a block's state, destroyed with the block.
std::shared_ptr<void>& block_extension();

// An asynchronous copy to `shared`, done at once or when waited for, depending on the schedule. Zeros unless `inside`.
void async_copy(void* shared, const void* global, int bytes, bool inside);
void async_commit();
void async_wait(int groups_left);

// Throws std::runtime_error unless `address` is a multiple of `bytes`.
void require_aligned(const void* address, std::size_t bytes, const char* what);

// Extra passes over the 32 banks of shared memory that warp-wide loads have needed so far.
long bank_conflicts();
void add_bank_conflicts(long count);

}  // namespace whygpu::simt

inline whygpu::simt::Index threadIdx, blockIdx, blockDim, gridDim;

inline void __syncthreads() { whygpu::simt::sync_threads(); }
inline void __syncwarp() { whygpu::simt::sync_warp(); }

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline int2 make_int2(int x, int y) { return {x, y}; }

namespace whygpu::simt {

struct ShuffleOperands {
  std::uint32_t value;
  int source;
  std::uint32_t result;
};
void shuffle(std::span<void* const> operands);

}  // namespace whygpu::simt

// 32-bit values from another lane of the warp; every lane takes part.
template <class T>
T __shfl_sync(unsigned, T value, int source) {
  static_assert(sizeof(T) == 4);
  whygpu::simt::ShuffleOperands operands{__builtin_bit_cast(std::uint32_t, value), source, 0};
  whygpu::simt::warp_collective(whygpu::simt::shuffle, &operands);
  return __builtin_bit_cast(T, operands.result);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return __shfl_sync(mask, value, whygpu::simt::lane() ^ lanes);
}
