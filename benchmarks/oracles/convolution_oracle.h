// Reference for convolutions: float64, from the definition, sharing no code with any backend.
//
// A convolution is a set of products. With h = p·stride_h - pad_h + r·dilation_h, w likewise, and c counted within k's
// group,
//
//   y[n,p,q,k]  = Σ over r, s, c   x[n,h,w,c] · w[k,r,s,c]
//   dx[n,h,w,c] = Σ over r, s, k  dy[n,p,q,k] · w[k,r,s,c]
//   dw[k,r,s,c] = Σ over n, p, q  dy[n,p,q,k] · x[n,h,w,c]
//
// Inputs are taken as stored, so the error includes only accumulation and rounding of the result.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "benchmarks/workloads/workload.h"
#include "whygpu/backend.h"

namespace whygpu {

// Row-major x, w and y in the dtypes of op.arguments(). One of them, op.result(), is the result to verify.
using ConvolutionValues = std::array<const void*, 3>;

// An exact result, and the sum of the magnitudes of its products, the scale of rounding errors.
struct ExactElement {
  double value = 0;
  double magnitude = 0;
};

// Element `index` (row-major) of the result, computed from the definition.
ExactElement exact_convolution_element(const Convolution& op, const ConvolutionValues& values, std::int64_t index);

// Allowed error of a correct result: accumulate·magnitude + round·|value|, and `floor` for rounding near
// the smallest numbers of the result's type. With inputs of random sign, rounding errors are a random walk: with
// u = 2^-24, oneDNN's f32 stays within 3·u·magnitude and its Winograd F(4×4, 3×3) within 7. The tolerances are 16 for
// f32 and f64, and 64 for Winograd and for tensor cores, which truncate.
struct ConvolutionTolerance {
  double accumulate = 0;
  double round = 0;
  double floor = 0;

  double of(const ExactElement& exact) const;
};

// Winograd's transforms lose digits: the wider tolerance is used only for an implementation that names Winograd.
ConvolutionTolerance convolution_tolerance(const Convolution& op, std::string_view implementation);

// Compares every element; for small problems.
Verdict check_every_element(const Convolution& op, const ConvolutionValues& values,
                            const ConvolutionTolerance& tolerance);

// Compares sampled elements, including corners and edges, and then every pixel (every tap and channel of dw) by the
// adjoint identity ⟨v, conv(x, w)⟩ = ⟨conv_bwd_data(v, w), x⟩ = ⟨conv_bwd_weights(v, x), w⟩. With v random weights
// b[k] on one pixel it needs one filter, Σ_k b[k]·w[k], instead of K.
Verdict check_by_probes(const Convolution& op, const ConvolutionValues& values, const ConvolutionTolerance& tolerance);

// Selects the check by the size of the problem.
Verdict check_convolution(const Convolution& op, const ConvolutionValues& values, std::string_view implementation);

}  // namespace whygpu
