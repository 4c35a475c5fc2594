// Arithmetic in registers: fused multiply-adds on CUDA cores, mma and wgmma on tensor cores. The accumulators of a
// thread start at x, alternately add a·b and -(a·b), and so must return to x. Their differences from x are added to y.
#include "backends/cuda/kernels/hopper_instructions.h"
#include "backends/cuda/probes.h"

namespace whygpu::cuda {
namespace {

constexpr int kLineBytes = 64;

// ---- Factors: integers small enough that every sum is exact ----

template <class T>
__device__ constexpr int largest_factor() {
  if (std::is_same_v<T, Float8E4M3>) return 3;  // fp8 sums keep fewer bits
  return std::is_same_v<T, std::int8_t> ? 100 : 255;
}

__device__ unsigned scramble(unsigned value) {
  value = (value ^ (value >> 16)) * 0x45d9f3bU;
  return value ^ (value >> 16);
}

// The bits of a positive integer in the format of T, in the low bits of a word.
template <class T>
__device__ unsigned bits_of(int value) {
  if constexpr (sizeof(T) == 1 && std::is_integral_v<T>) return static_cast<unsigned>(value) & 0xffU;
  const unsigned word = __float_as_uint(static_cast<float>(value));
  if constexpr (std::is_same_v<T, Tf32>) return word;
  if constexpr (std::is_same_v<T, BFloat16>) return word >> 16;
  const int exponent = static_cast<int>(word >> 23) - 127;
  if constexpr (std::is_same_v<T, Float16>) {
    return static_cast<unsigned>(exponent + 15) << 10 | ((word >> 13) & 0x3ffU);
  }
  return static_cast<unsigned>(exponent + 7) << 3 | ((word >> 20) & 7U);  // e4m3
}

// A word full of factors, negated by a negative `sign`.
template <class T>
__device__ unsigned factors(unsigned seed, bool negative) {
  constexpr int kBits = std::is_same_v<T, Tf32> ? 32 : 8 * static_cast<int>(sizeof(T));
  unsigned word = 0;
  for (int at = 0; at < 32; at += kBits) {
    const int value = 1 + static_cast<int>(scramble(seed + static_cast<unsigned>(at)) % largest_factor<T>());
    unsigned bits = 0;
    if constexpr (std::is_integral_v<T>) {
      bits = bits_of<T>(negative ? -value : value);
    } else {
      bits = bits_of<T>(value) | (negative ? 1U << (kBits - 1) : 0U);
    }
    word |= bits << at;
  }
  return word;
}

template <class Sum, int kCount>
__device__ void start_at(Sum (&sums)[kCount], const Sum* x) {
  constexpr int kLine = kLineBytes / sizeof(Sum);
#pragma unroll
  for (int i = 0; i < kCount; ++i) sums[i] = x[i % kLine];
}

template <class Sum, int kCount>
__device__ void report(const Sum (&sums)[kCount], const Sum* x, Sum* y) {
  constexpr int kLine = kLineBytes / sizeof(Sum);
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    const Sum off = sums[i] - x[i % kLine];
    if (off != Sum{0}) atomicAdd(&y[i % kLine], off);
  }
}

// ---- CUDA cores ----

constexpr int kCoreThreads = 256, kCoreChains = 16, kCoreUnroll = 16;

// In assembly, because a compiler would multiply once for all chains.
__device__ __forceinline__ void fused_multiply_add(float& sum, float a, float b) {
  asm volatile("fma.rn.f32 %0, %1, %2, %0;" : "+f"(sum) : "f"(a), "f"(b));
}
__device__ __forceinline__ void fused_multiply_add(double& sum, double a, double b) {
  asm volatile("fma.rn.f64 %0, %1, %2, %0;" : "+d"(sum) : "d"(a), "d"(b));
}

template <class T>
__global__ void __launch_bounds__(kCoreThreads) core_peak(const T* x, T* y, std::int64_t rounds) {
  T sums[kCoreChains];
  start_at(sums, x);
  T a = static_cast<T>(1 + scramble(threadIdx.x) % 1023), b = static_cast<T>(1 + scramble(threadIdx.x + 7) % 1023);
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma unroll
    for (int step = 0; step < kCoreUnroll; ++step) {
#pragma unroll
      for (int chain = 0; chain < kCoreChains; ++chain) fused_multiply_add(sums[chain], a, b);
      b = -b;
    }
  }
  report(sums, x, y);
}
constexpr std::int64_t kCoreOperations = std::int64_t{2} * kCoreThreads * kCoreChains * kCoreUnroll;

// ---- mma ----

constexpr int kMmaThreads = 256, kMmaChains = 8, kMmaUnroll = 4;

template <class T>
constexpr std::int64_t mma_operations() {
  constexpr std::int64_t kDepth = std::is_same_v<T, Tf32> ? 8 : 32 / static_cast<int>(sizeof(T));
  return std::int64_t{2} * 16 * 8 * kDepth * (kMmaThreads / 32) * kMmaChains * kMmaUnroll * 2;
}

template <class T, class Sum>
__global__ void __launch_bounds__(kMmaThreads) mma_peak(const Sum* x, Sum* y, std::int64_t rounds) {
  Sum sums[kMmaChains][4];
  unsigned a[4], b[2], minus_b[2];
#pragma unroll
  for (int chain = 0; chain < kMmaChains; ++chain) start_at(sums[chain], x);
#pragma unroll
  for (int i = 0; i < 4; ++i) a[i] = factors<T>(97 * threadIdx.x + i, false);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    b[i] = factors<T>(89 * threadIdx.x + i, false);
    minus_b[i] = factors<T>(89 * threadIdx.x + i, true);
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma unroll
    for (int step = 0; step < kMmaUnroll; ++step) {
#pragma unroll
      for (int chain = 0; chain < kMmaChains; ++chain) multiply_add(T{}, sums[chain], a, b);
#pragma unroll
      for (int chain = 0; chain < kMmaChains; ++chain) multiply_add(T{}, sums[chain], a, minus_b);
    }
  }
#pragma unroll
  for (int chain = 0; chain < kMmaChains; ++chain) report(sums[chain], x, y);
}

// f64: m16n8k16 from sm_90 on; m8n8k4, of which eight do the same, on sm_80, and at half the speed on sm_90.
constexpr int kDoubleChains = 4;
constexpr std::int64_t kDoubleOperations =
    std::int64_t{2} * 16 * 8 * 16 * (kMmaThreads / 32) * kDoubleChains * kMmaUnroll * 2;

__device__ __forceinline__ void multiply_add(double (&d)[4], const double (&a)[8], const double (&b)[4]) {
#if __CUDA_ARCH__ >= 900
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %5, %6, %7, %8, %9, %10, %11},"
      " {%12, %13, %14, %15}, {%0, %1, %2, %3};"
      : "+d"(d[0]), "+d"(d[1]), "+d"(d[2]), "+d"(d[3])
      : "d"(a[0]), "d"(a[1]), "d"(a[2]), "d"(a[3]), "d"(a[4]), "d"(a[5]), "d"(a[6]), "d"(a[7]), "d"(b[0]), "d"(b[1]),
        "d"(b[2]), "d"(b[3]));
#else
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    double* const half = d + i % 2 * 2;
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
                 : "+d"(half[0]), "+d"(half[1])
                 : "d"(a[i]), "d"(b[i / 2]));
  }
#endif
}

__global__ void __launch_bounds__(kMmaThreads) double_mma_peak(const double* x, double* y, std::int64_t rounds) {
  double sums[kDoubleChains][4];
  double a[8], b[4], minus_b[4];
#pragma unroll
  for (int chain = 0; chain < kDoubleChains; ++chain) start_at(sums[chain], x);
#pragma unroll
  for (int i = 0; i < 8; ++i) a[i] = 1 + scramble(97 * threadIdx.x + i) % 1023;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    b[i] = 1 + scramble(89 * threadIdx.x + i) % 1023;
    minus_b[i] = -b[i];
  }
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma unroll
    for (int step = 0; step < kMmaUnroll; ++step) {
#pragma unroll
      for (int chain = 0; chain < kDoubleChains; ++chain) multiply_add(sums[chain], a, b);
#pragma unroll
      for (int chain = 0; chain < kDoubleChains; ++chain) multiply_add(sums[chain], a, minus_b);
    }
  }
#pragma unroll
  for (int chain = 0; chain < kDoubleChains; ++chain) report(sums[chain], x, y);
}

// The instruction in the code that the current GPU runs.
const char* double_instruction() {
  cudaFuncAttributes code{};
  cuda_check(cudaFuncGetAttributes(&code, double_mma_peak), "reading the attributes of double_mma_peak");
  return code.ptxVersion >= 90 ? "mma.sync m16n8k16" : "mma.sync m8n8k4";
}

// ---- wgmma ----

constexpr int kWarpgroups = 2, kWgmmaThreads = 128 * kWarpgroups;
constexpr int kTileBytes = 128;  // of k, one swizzled row
constexpr int kRowsA = 64, kRowsB = 256;
constexpr int kWgmmaShared = kTileBytes * (kRowsA + 2 * kRowsB) + 1024;

template <class T>
constexpr std::int64_t wgmma_operations() {
  constexpr std::int64_t kDepth = std::is_same_v<T, Tf32> ? 8 : 32 / static_cast<int>(sizeof(T));
  return std::int64_t{2} * kRowsA * kRowsB * kDepth * 8 * kWarpgroups;  // four steps of k, with b and with -b
}

template <class T, class Sum>
__global__ void __launch_bounds__(kWgmmaThreads) wgmma_peak(const Sum* x, Sum* y, std::int64_t rounds) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  unsigned char* tiles = shared_memory();
  auto* a_words = reinterpret_cast<unsigned*>(tiles);
  auto* b_words = a_words + kRowsA * kTileBytes / 4;
  auto* minus_words = b_words + kRowsB * kTileBytes / 4;
  for (unsigned i = threadIdx.x; i < kRowsA * kTileBytes / 4; i += kWgmmaThreads)
    a_words[i] = factors<T>(97 * i, false);
  for (unsigned i = threadIdx.x; i < kRowsB * kTileBytes / 4; i += kWgmmaThreads) {
    b_words[i] = factors<T>(89 * i, false);
    minus_words[i] = factors<T>(89 * i, true);
  }
  fence_async_proxy();
  __syncthreads();

  const unsigned a = shared_address(a_words), b = shared_address(b_words), minus_b = shared_address(minus_words);
  Sum sums[128];
  start_at(sums, x);
  for (std::int64_t round = 0; round < rounds; ++round) {
    warpgroup_fence();
#pragma unroll
    for (int step = 0; step < 8; ++step) {
      const unsigned k = 32 * (step % 4);
      warpgroup_multiply_add<false, false>(T{}, sums, make_descriptor(a + k, 16, 1024),
                                           make_descriptor((step < 4 ? b : minus_b) + k, 16, 1024), true);
    }
    warpgroup_commit();
    warpgroup_wait<1>();
  }
  warpgroup_wait<0>();
  settle(sums);
  report(sums, x, y);
#endif
}

// ---- Operations ----

using Kernel = void (*)(const void* x, void* y, std::int64_t rounds, int blocks, cudaStream_t stream);

struct PeakChoice {
  Kernel run = nullptr;
  std::int64_t operations = 0;  // per block and round
  int blocks_per_multiprocessor = 1;
  const char* name = "";
};

template <class T>
void run_cores(const void* x, void* y, std::int64_t rounds, int blocks, cudaStream_t stream) {
  core_peak<T><<<blocks, kCoreThreads, 0, stream>>>(static_cast<const T*>(x), static_cast<T*>(y), rounds);
}

template <class T, class Sum>
void run_mma(const void* x, void* y, std::int64_t rounds, int blocks, cudaStream_t stream) {
  mma_peak<T, Sum><<<blocks, kMmaThreads, 0, stream>>>(static_cast<const Sum*>(x), static_cast<Sum*>(y), rounds);
}

void run_double_mma(const void* x, void* y, std::int64_t rounds, int blocks, cudaStream_t stream) {
  double_mma_peak<<<blocks, kMmaThreads, 0, stream>>>(static_cast<const double*>(x), static_cast<double*>(y), rounds);
}

template <class T, class Sum>
void run_wgmma(const void* x, void* y, std::int64_t rounds, int blocks, cudaStream_t stream) {
  launch(wgmma_peak<T, Sum>, {blocks, kWgmmaThreads, kWgmmaShared}, stream, static_cast<const Sum*>(x),
         static_cast<Sum*>(y), rounds);
}

template <class T, class Sum>
PeakChoice tensor_choice(PeakUnit unit) {
  if (unit == PeakUnit::wgmma) return {run_wgmma<T, Sum>, wgmma_operations<T>(), 1, "wgmma m64n256"};
  return {run_mma<T, Sum>, mma_operations<T>(), 4, "mma.sync m16n8"};
}

PeakChoice choice_of(DType dtype, PeakUnit unit) {
  if (unit == PeakUnit::cores) {
    if (dtype == DType::f32) return {run_cores<float>, kCoreOperations, 8, "fma on CUDA cores"};
    if (dtype == DType::f64) return {run_cores<double>, kCoreOperations, 8, "fma on CUDA cores"};
    return {};
  }
  switch (dtype) {
    case DType::f64:
      return unit == PeakUnit::mma ? PeakChoice{run_double_mma, kDoubleOperations, 2, "mma.sync"} : PeakChoice{};
    case DType::tf32: return tensor_choice<Tf32, float>(unit);
    case DType::f16: return tensor_choice<Float16, float>(unit);
    case DType::bf16: return tensor_choice<BFloat16, float>(unit);
    case DType::s8: return tensor_choice<std::int8_t, std::int32_t>(unit);
    case DType::f8e4m3:
      if (unit == PeakUnit::mma) return {};
      return {run_wgmma<Float8E4M3, float>, wgmma_operations<Float8E4M3>(), 1, "wgmma m64n256"};
    default: return {};
  }
}

class CudaPeak final : public Operation {
 public:
  CudaPeak(const Peak& peak, const PeakChoice& choice, CudaDevice& device)
      : peak_(peak),
        choice_(choice),
        device_(device),
        blocks_(choice.blocks_per_multiprocessor * device.properties().multiProcessorCount),
        rounds_(peak.operations / (choice.operations * blocks_) + 1) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(device_, peak_.arguments().at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    cuda_check(cudaMemcpyAsync(cuda_data(tensors[1]), cuda_data(tensors[0]), kLineBytes, cudaMemcpyDeviceToDevice,
                               device_.stream()),
               "copying the start values");
    choice_.run(cuda_data(tensors[0]), cuda_data(tensors[1]), rounds_, blocks_, device_.stream());
    cuda_check(cudaGetLastError(), "launching arithmetic");
  }

  std::string implementation() const override {
    return std::string(choice_.name) + ", " + std::to_string(blocks_) + " blocks";
  }

 private:
  Peak peak_;
  PeakChoice choice_;
  CudaDevice& device_;
  int blocks_;
  std::int64_t rounds_;
};

}  // namespace

bool has_peak(DType dtype, PeakUnit unit, int compute_capability) {
  const int needed = unit == PeakUnit::wgmma ? 90 : unit == PeakUnit::mma ? 80 : 0;
  const bool exact_chip = unit != PeakUnit::wgmma || compute_capability == 90;  // sm_90a runs on 9.0 only
  return compute_capability >= needed && exact_chip && choice_of(dtype, unit).run != nullptr;
}

std::unique_ptr<Operation> prepare_peak(const Peak& peak, PeakUnit unit, CudaDevice& device) {
  PeakChoice choice = choice_of(peak.dtype, unit);
  if (choice.run == run_double_mma) choice.name = double_instruction();
  return std::make_unique<CudaPeak>(peak, choice, device);
}

}  // namespace whygpu::cuda
