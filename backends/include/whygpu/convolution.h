// Two-dimensional convolution, as defined in deep learning (cross-correlation), and its two gradients.
#pragma once

#include <cstdint>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

enum class Pass : std::uint8_t { forward, backward_data, backward_weights };

// y[n,p,q,k] = Σ x[n, p·stride_h - pad_h + r·dilation_h, …, c] · w[k,r,s,c] over r, s and the c/groups channels of k's
// group. Arguments: x [n,h,w,c] (NHWC), w [k,r,s,c/groups] (KRSC), y [n,p,q,k]. The pass determines the result: y, x
// (gradient of the input) or w (gradient of the filters). Results have the inputs' dtype, except those of
// backward_weights and of s8 forward, which have the accumulator's.
struct Convolution {
  Pass pass = Pass::forward;
  std::int64_t n = 0, c = 0, h = 0, w = 0, k = 0, r = 0, s = 0;
  std::int64_t stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1, groups = 1;
  DType dtype = DType::f32;

  std::int64_t p() const { return (h + 2 * pad_h - dilation_h * (r - 1) - 1) / stride_h + 1; }
  std::int64_t q() const { return (w + 2 * pad_w - dilation_w * (s - 1) - 1) / stride_w + 1; }
  bool operator==(const Convolution&) const = default;
  // Of the equivalent GEMM of each pass, including products with padding.
  double flops() const {
    return 2.0 * static_cast<double>(n * p() * q()) * static_cast<double>(k) * static_cast<double>(c / groups * r * s);
  }
  int result() const { return pass == Pass::forward ? 2 : pass == Pass::backward_data ? 0 : 1; }
  std::vector<TensorSpec> arguments() const {
    const DType accumulator = accumulator_of(dtype);
    return {{dtype, {n, h, w, c}},
            {pass == Pass::backward_weights ? accumulator : dtype, {k, r, s, c / groups}},
            {pass == Pass::forward && dtype == DType::s8 ? accumulator : dtype, {n, p(), q(), k}}};
  }
};

}  // namespace whygpu
