// Generated kernels, and the copies that their operands need.
#pragma once

#include <cstdint>
#include <string>

namespace whygpu::xsmm {

// bf16 bits.
enum class Bf16 : std::uint16_t {};

// The type of sums and results.
template <class T>
struct SumOf {
  using type = T;
};
template <>
struct SumOf<Bf16> {
  using type = float;
};
template <class T>
using Sum = typename SumOf<T>::type;

// C = op(A)·B or C += op(A)·B with C m×n, row-major, with rows lda, ldb and ldc values apart. Bf16 needs an even k, no
// transpose, and B in pairs of rows: [k / 2][ldb][2].
struct Block {
  std::int64_t m = 0, n = 0, k = 0, lda = 0, ldb = 0, ldc = 0;
  bool transpose_a = false, accumulate = false;
};

template <class T>
using Kernel = void (*)(const T* b, const T* a, Sum<T>* c, ...);

// Generated on the first request, then found in libxsmm's registry; null if libxsmm cannot. Thread-safe.
template <class T>
Kernel<T> find_kernel(const Block& block);

// Writes the transpose of rows×columns values of `bytes` bytes; both are row-major.
void transpose(void* out, const void* in, std::int64_t bytes, std::int64_t rows, std::int64_t columns,
               std::int64_t in_stride, std::int64_t out_stride);

}  // namespace whygpu::xsmm
