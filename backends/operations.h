// What can be asked of a backend: values, and the operations of linear algebra and convolution over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace whygpu {

// tf32 is stored as f32 and multiplied with a 10-bit mantissa.
enum class DType : std::uint8_t { f64, f32, tf32, f16, bf16, f8e4m3, s8, s32 };

inline constexpr std::string_view dtype_name(DType dtype) {
  constexpr std::string_view names[] = {"f64", "f32", "tf32", "f16", "bf16", "f8e4m3", "s8", "s32"};
  return names[static_cast<std::size_t>(dtype)];
}

inline constexpr std::size_t dtype_bytes(DType dtype) {
  constexpr std::size_t bytes[] = {8, 4, 4, 2, 2, 1, 1, 4};
  return bytes[static_cast<std::size_t>(dtype)];
}

// The type that products of `dtype` are accumulated and returned in.
inline constexpr DType accumulator_of(DType dtype) {
  if (dtype == DType::f64) return DType::f64;
  return dtype == DType::s8 || dtype == DType::s32 ? DType::s32 : DType::f32;
}

struct TensorSpec {
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;

  std::int64_t elements() const {
    std::int64_t count = 1;
    for (auto extent : shape) count *= extent;
    return count;
  }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * dtype_bytes(dtype); }
};

// C[b] = op(A[b]) · op(B[b]) for b in [0, batch), with op(A) m×k, op(B) k×n and C m×n; op transposes where asked.
// Arguments: A (k×m when transpose_a), B (n×k when transpose_b), C.
struct Gemm {
  std::int64_t m = 0, n = 0, k = 0, batch = 1;
  bool transpose_a = false, transpose_b = false;
  DType dtype = DType::f32;

  bool operator==(const Gemm&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{dtype, transpose_a ? std::vector{batch, k, m} : std::vector{batch, m, k}},
            {dtype, transpose_b ? std::vector{batch, n, k} : std::vector{batch, k, n}},
            {accumulator_of(dtype), {batch, m, n}}};
  }
};

enum class Pass : std::uint8_t { forward, backward_data, backward_weights };

// Cross-correlation of x[n,h,w,c] with w[k,r,s,c/groups] to y[n,p,q,k], and its two gradients.
// Arguments: x, w, y. The pass says which of them is the result: y, x or w. The result of a floating-point pass has
// the input's own dtype except backward_weights, which returns the accumulator's; s8 forward returns s32.
struct Convolution {
  Pass pass = Pass::forward;
  std::int64_t n = 0, c = 0, h = 0, w = 0, k = 0, r = 0, s = 0;
  std::int64_t stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1, groups = 1;
  DType dtype = DType::f32;

  std::int64_t p() const { return (h + 2 * pad_h - dilation_h * (r - 1) - 1) / stride_h + 1; }
  std::int64_t q() const { return (w + 2 * pad_w - dilation_w * (s - 1) - 1) / stride_w + 1; }
  bool operator==(const Convolution&) const = default;
  int result() const { return pass == Pass::forward ? 2 : pass == Pass::backward_data ? 0 : 1; }

  std::vector<TensorSpec> arguments() const {
    const DType accumulator = accumulator_of(dtype);
    return {{dtype, {n, h, w, c}},
            {pass == Pass::backward_weights ? accumulator : dtype, {k, r, s, c / groups}},
            {pass == Pass::forward && dtype == DType::s8 ? accumulator : dtype, {n, p(), q(), k}}};
  }
};

}  // namespace whygpu
