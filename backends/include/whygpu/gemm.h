// Matrix multiplication.
#pragma once

#include <cstdint>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// C[b] = op(A[b]) · op(B[b]) for b in [0, batch), with op(A) m×k, op(B) k×n and C m×n; op transposes if requested.
// 2·m·n·k·batch operations. Arguments, row-major: A (stored k×m if transpose_a), B (n×k if transpose_b), C, which is
// overwritten and has the accumulator's dtype.
struct Gemm {
  std::int64_t m = 0, n = 0, k = 0, batch = 1;
  bool transpose_a = false, transpose_b = false;
  DType dtype = DType::f32;  // of A and B

  bool operator==(const Gemm&) const = default;
  double flops() const { return 2.0 * static_cast<double>(m * n) * static_cast<double>(k * batch); }
  int result() const { return 2; }  // the argument that is written
  std::vector<TensorSpec> arguments() const {
    return {{dtype, transpose_a ? std::vector{batch, k, m} : std::vector{batch, m, k}},
            {dtype, transpose_b ? std::vector{batch, n, k} : std::vector{batch, k, n}},
            {accumulator_of(dtype), {batch, m, n}}};
  }
};

}  // namespace whygpu
