// Operands in the form that tensor-core kernels read: rows that run along k, each starting on a 16-byte boundary.
#pragma once

#include "backends/cuda/kernels/arguments.h"

namespace whygpu::cuda {

inline constexpr int kPackTile = 32;
inline constexpr int kPackThreads = 256;

struct PackArguments {
  int rows, k, pitch;  // pitch: elements from one packed row to the next
  std::int64_t i_stride, p_stride;
  // Entry e of the source is e / inner · outer_stride + e % inner · inner_stride from its start.
  int inner;
  std::int64_t inner_stride, outer_stride;
};

// packed[entry][i][p] = source[entry][i · i_stride + p · p_stride], and zero from k to the pitch. A tile goes through
// shared memory, so that both sides are accessed along their rows.
template <class T>
__global__ void __launch_bounds__(kPackThreads) pack_kernel(const T* source, T* packed, PackArguments args) {
  __shared__ T tile[kPackTile][kPackTile + 4 / sizeof(T)];
  const int tiles_k = (args.pitch + kPackTile - 1) / kPackTile, tiles_i = (args.rows + kPackTile - 1) / kPackTile;
  const int i0 = static_cast<int>(blockIdx.x / tiles_k % tiles_i) * kPackTile;
  const int p0 = static_cast<int>(blockIdx.x % tiles_k) * kPackTile;
  const std::int64_t entry = blockIdx.x / tiles_k / tiles_i;
  source += entry / args.inner * args.outer_stride + entry % args.inner * args.inner_stride;
  packed += entry * args.rows * args.pitch;

  const bool along_p = args.p_stride == 1;
  for (int e = static_cast<int>(threadIdx.x); e < kPackTile * kPackTile; e += kPackThreads) {
    const int i = along_p ? e / kPackTile : e % kPackTile, p = along_p ? e % kPackTile : e / kPackTile;
    const bool inside = i0 + i < args.rows && p0 + p < args.k;
    tile[i][p] = inside ? source[(i0 + i) * args.i_stride + (p0 + p) * args.p_stride] : T();
  }
  __syncthreads();
  for (int e = static_cast<int>(threadIdx.x); e < kPackTile * kPackTile; e += kPackThreads) {
    const int i = e / kPackTile, p = e % kPackTile;
    if (i0 + i < args.rows && p0 + p < args.pitch) {
      packed[static_cast<std::int64_t>(i0 + i) * args.pitch + p0 + p] = tile[i][p];
    }
  }
}

template <class T>
void launch_pack(const T* source, T* packed, const PackArguments& args, std::int64_t entries, CUstream_st* stream) {
  const std::int64_t blocks = ceil_div(args.rows, kPackTile) * ceil_div(args.pitch, kPackTile) * entries;
  launch(&pack_kernel<T>, {blocks, kPackThreads}, stream, source, packed, args);
}

// One operand as a kernel reads it.
template <class T>
struct Operand {
  bool packed = false;     // copied to the workspace first
  bool across = false;     // rows run across k (only where the kernel can read that)
  int rows = 0, k = 0;     // of op(A), or of the transpose of op(B)
  std::int64_t pitch = 0;  // elements from one stored row to the next
  std::int64_t entry = 0;  // elements from one batch entry to the next
  std::size_t offset = 0;  // in the workspace, when packed

  std::size_t packed_bytes(std::int64_t batch) const {
    return packed ? (static_cast<std::size_t>(batch * entry) * sizeof(T) + 1023) / 1024 * 1024 : 0;
  }
};

// An operand of `rows` by k, stored with rows along k or across it. It is packed if its rows do not start on 16-byte
// boundaries, or run across k and the kernel needs them along it.
template <class T>
Operand<T> make_operand(std::int64_t rows, std::int64_t k, bool across, bool takes_across) {
  Operand<T> operand;
  operand.rows = static_cast<int>(rows);
  operand.k = static_cast<int>(k);
  const std::int64_t row_length = across ? rows : k;
  operand.packed = row_length * static_cast<std::int64_t>(sizeof(T)) % 16 != 0 || (across && !takes_across);
  operand.across = across && !operand.packed;
  operand.pitch = operand.packed ? ceil_div(k * static_cast<std::int64_t>(sizeof(T)), 16) * 16 / sizeof(T) : row_length;
  operand.entry = operand.packed ? rows * operand.pitch : rows * k;
  return operand;
}

// The operand's address for the kernel, after a packing launch if necessary. `across` describes the source.
template <class T>
const T* stage_operand(const Operand<T>& operand, bool across, std::int64_t batch, const void* source, void* workspace,
                       CUstream_st* stream) {
  if (!operand.packed) return static_cast<const T*>(source);
  T* const packed = reinterpret_cast<T*>(static_cast<std::byte*>(workspace) + operand.offset);
  const PackArguments args{operand.rows,
                           operand.k,
                           static_cast<int>(operand.pitch),
                           across ? 1 : operand.k,
                           across ? operand.rows : 1,
                           1,
                           0,
                           std::int64_t{operand.rows} * operand.k};
  launch_pack(static_cast<const T*>(source), packed, args, batch, stream);
  return packed;
}

}  // namespace whygpu::cuda
