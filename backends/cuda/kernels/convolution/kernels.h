// The list of our convolution kernels, and what they share.
#pragma once

#include <algorithm>

#include "backends/cuda/convolution.h"

namespace whygpu::cuda {

struct ConvolutionKernel {
  std::string_view name;
  Support (*supports)(const Convolution& op, const Chip& chip);
  Plan (*plan)(const Convolution& op, const Chip& chip);  // for a supported op
};

extern const ConvolutionKernel cores_kernel, pipelined_kernel, depthwise_kernel, tensor_kernel, hopper_kernel;

// Backward weights of the tensor and pipelined kernels.
Plan plan_tensor_weights(const Convolution& op, const Chip& chip);

// Offsets of pieces of one buffer, each on a 1024-byte boundary.
class Workspace {
 public:
  std::size_t reserve(std::size_t bytes) {
    const std::size_t offset = bytes_;
    bytes_ += (bytes + 1023) / 1024 * 1024;
    return offset;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

// Kernels count values, including zeros between channels, in 32 bits.
inline Support fits(const Convolution& op, std::int64_t chunk) {
  const auto padded = [&](std::int64_t channels) {
    return (channels / op.groups + chunk - 1) / chunk * chunk * op.groups;
  };
  const std::int64_t x = op.n * op.h * (op.w + 2 * op.pad_w + chunk) * padded(op.c);
  const std::int64_t y = op.n * op.p() * op.q() * padded(op.k), taps = op.r * op.s;
  const std::int64_t w = taps * std::max(op.k * padded(op.c), op.c * padded(op.k)) / op.groups;
  if (std::max({x, y, w}) >= std::int64_t{1} << 31) return Support::no("tensors must have at most 2^31 - 1 values");
  return {};
}

}  // namespace whygpu::cuda
