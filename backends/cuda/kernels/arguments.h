// Arguments of the GEMM kernels, and how blocks divide the result.
#pragma once

#include <type_traits>

#include "backends/cuda/kernels/platform.h"
#include "backends/devices/ceil_div.h"
#include "backends/dtypes.h"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#endif

namespace whygpu::cuda {

// C[b] = op(A[b]) · op(B[b]), all dense and row-major. op(A)[i][p] is a[i · a_row + p · a_col], likewise for B: a
// transpose only swaps the two strides. With `splits` > 1 the k range is split into that many parts, and part s writes
// its partial result at c + s · batch · m · n.
template <class In, class Out>
struct GemmArguments {
  const In* a = nullptr;
  const In* b = nullptr;
  Out* c = nullptr;
  int m = 0, n = 0, k = 0, batch = 1, splits = 1;
  std::int64_t a_row = 0, a_col = 0, b_row = 0, b_col = 0;
};

template <class In, class Out>
GemmArguments<In, Out> gemm_arguments(const Gemm& op, const void* a, const void* b, void* c, int splits = 1) {
  GemmArguments<In, Out> args{
      static_cast<const In*>(a), static_cast<const In*>(b), static_cast<Out*>(c),       static_cast<int>(op.m),
      static_cast<int>(op.n),    static_cast<int>(op.k),    static_cast<int>(op.batch), splits};
  args.a_row = op.transpose_a ? 1 : op.k;
  args.a_col = op.transpose_a ? op.m : 1;
  args.b_row = op.transpose_b ? 1 : op.n;
  args.b_col = op.transpose_b ? op.k : 1;
  return args;
}

// A block's work: rows and columns starting at (row, column), products from k_begin to k_end, of one batch entry whose
// operands start at a, b and c.
template <class In, class Out>
struct BlockWork {
  const In* a;
  const In* b;
  Out* c;
  int row, column, k_begin, k_end;
  std::int64_t entry;
};

// Tiles of C are visited in bands of kBand rows of tiles, column by column within a band, so that consecutive tiles
// share operands that are still in the L2 cache.
struct TileIndex {
  unsigned row, column;
};
__host__ __device__ inline TileIndex banded_tile(unsigned tile, unsigned tiles_m, unsigned tiles_n) {
  constexpr unsigned kBand = 8;
  const unsigned band = tile / (kBand * tiles_n), in_band = tile % (kBand * tiles_n);
  const unsigned rows_left = tiles_m - band * kBand;
  const unsigned height = rows_left < kBand ? rows_left : kBand;
  return {band * kBand + in_band % height, in_band / height};
}

template <int kTileM, int kTileN, class In, class Out>
__host__ __device__ BlockWork<In, Out> block_work(const GemmArguments<In, Out>& args, unsigned block, int k_step) {
  const unsigned tiles_m = (args.m + kTileM - 1) / kTileM, tiles_n = (args.n + kTileN - 1) / kTileN;
  const unsigned tile = block % (tiles_m * tiles_n);
  const unsigned item = block / (tiles_m * tiles_n);
  const unsigned split = item % args.splits;
  const std::int64_t entry = item / args.splits;

  const TileIndex index = banded_tile(tile, tiles_m, tiles_n);

  const int steps = (args.k + k_step - 1) / k_step;
  const int steps_per_split = (steps + args.splits - 1) / args.splits;
  const int k_begin = static_cast<int>(split) * steps_per_split * k_step;
  const int k_end = k_begin + steps_per_split * k_step;
  return {args.a + entry * args.m * args.k,
          args.b + entry * args.k * args.n,
          args.c + (split * static_cast<std::int64_t>(args.batch) + entry) * args.m * args.n,
          static_cast<int>(index.row) * kTileM,
          static_cast<int>(index.column) * kTileN,
          k_begin < args.k ? k_begin : args.k,
          k_end < args.k ? k_end : args.k,
          entry};
}

template <int kTileM, int kTileN>
std::int64_t blocks_of(const Gemm& op, int splits = 1) {
  return ceil_div(op.m, kTileM) * ceil_div(op.n, kTileN) * op.batch * splits;
}

// The type that arithmetic is done in.
template <class In>
using Accumulator = std::conditional_t<std::is_same_v<In, double>, double,
                                       std::conditional_t<std::is_same_v<In, std::int8_t>, std::int32_t, float>>;

template <class In>
__device__ __forceinline__ Accumulator<In> widen(In value) {
#ifdef __CUDACC__
  if constexpr (std::is_same_v<In, Float16>) {
    return __half2float(__ushort_as_half(value.bits));
  } else if constexpr (std::is_same_v<In, BFloat16>) {
    return __uint_as_float(static_cast<unsigned>(value.bits) << 16);
  } else if constexpr (std::is_same_v<In, Float8E4M3>) {
    return __half2float(__half(__nv_cvt_fp8_to_halfraw(value.bits, __NV_E4M3)));
  } else {
    return value;
  }
#else
  return static_cast<Accumulator<In>>(value);
#endif
}

template <class Out, class T>
__device__ __forceinline__ Out narrow(T value) {
#ifdef __CUDACC__
  Out narrowed;
  if constexpr (std::is_same_v<Out, Float16>) {
    narrowed.bits = __half_as_ushort(__float2half_rn(value));
  } else if constexpr (std::is_same_v<Out, BFloat16>) {
    narrowed.bits = __bfloat16_as_ushort(__float2bfloat16_rn(value));
  } else {
    narrowed = value;
  }
  return narrowed;
#else
  return Out(value);
#endif
}

// Two 16-bit values packed into one word.
template <class Out>
__device__ __forceinline__ unsigned narrow_pair(float low, float high) {
  return narrow<Out>(low).bits | static_cast<unsigned>(narrow<Out>(high).bits) << 16;
}

// Stores two neighbouring results, or only the first, in one instruction if possible.
template <class Out, class T>
__device__ __forceinline__ void store_pair(Out* out, T low, T high, bool both) {
  if (both && reinterpret_cast<std::uintptr_t>(out) % (2 * sizeof(Out)) == 0) {
    if constexpr (sizeof(Out) == 2) {
      *reinterpret_cast<unsigned*>(out) = narrow_pair<Out>(low, high);
    } else if constexpr (std::is_same_v<Out, float>) {
      *reinterpret_cast<float2*>(out) = make_float2(low, high);
    } else {
      *reinterpret_cast<int2*>(out) = make_int2(low, high);
    }
  } else {
    out[0] = narrow<Out>(low);
    if (both) out[1] = narrow<Out>(high);
  }
}

}  // namespace whygpu::cuda
