#include "backends/cuda/convolution.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "backends/cuda/kernels/convolution/kernels.h"

namespace whygpu::cuda {
namespace {

constexpr const ConvolutionKernel* kKernels[] = {&cores_kernel, &pipelined_kernel, &tensor_kernel, &hopper_kernel,
                                                 &depthwise_kernel};

// Whether warpgroups, whose steps take 128 bytes of channels and whose tiles are at least 64 wide, spend two thirds of
// their work on useful results. Below that, the smaller steps of `tensor` are faster.
bool fills_warpgroups(const Convolution& op) {
  const auto filled = [](std::int64_t extent, std::int64_t tile) {
    return static_cast<double>(extent) / static_cast<double>((extent + tile - 1) / tile * tile);
  };
  const auto step = static_cast<std::int64_t>(128 / dtype_bytes(op.dtype));
  const std::int64_t c = op.c / op.groups, k = op.k / op.groups;
  switch (op.pass) {
    case Pass::forward: return filled(c, step) * filled(k, 64) > 0.66;
    case Pass::backward_data: return filled(k, step) * filled(c, 64) > 0.66;
    case Pass::backward_weights: return filled(c, 64) > 0.66;  // the rows, which are filters, are the same for both
  }
  return false;
}

// The kernels that support `op`, the default first:
//
//   as many groups as channels                                       depthwise
//   f16, bf16, forward also tf32 and s8, on sm_90a, tiles filled     hopper
//   f16, bf16, tf32, forward also s8, from sm_80 on                  tensor
//   f32 from sm_80 on                                                pipelined
//   everything else                                                  cores
std::vector<const ConvolutionKernel*> candidates(const Convolution& op, const Chip& chip) {
  std::vector<const ConvolutionKernel*> all;
  for (const ConvolutionKernel* kernel : kKernels) {
    if (kernel->supports(op, chip)) all.insert(all.begin(), kernel);
  }
  if (all.size() > 1 && all.front() == &hopper_kernel && !fills_warpgroups(op)) std::swap(all[0], all[1]);
  return all;
}

}  // namespace

std::vector<std::string> convolution_variants(const Convolution& op, const Chip& chip) {
  std::vector<std::string> names;
  for (const ConvolutionKernel* kernel : candidates(op, chip)) names.emplace_back(kernel->name);
  return names;
}

Support convolution_supports(const Convolution& op, std::string_view variant, const Chip& chip) {
  if (variant.empty()) {
    // The reason comes from the most general kernel for the dtype.
    const ConvolutionKernel& general = op.dtype == DType::tf32 ? tensor_kernel : cores_kernel;
    return candidates(op, chip).empty() ? general.supports(op, chip) : Support{};
  }
  std::string known;
  for (const ConvolutionKernel* kernel : kKernels) {
    if (kernel->name == variant) return kernel->supports(op, chip);
    known += (known.empty() ? "" : ", ") + std::string(kernel->name);
  }
  return Support::no("no variant '" + std::string(variant) + "'; available: " + known);
}

Plan plan_convolution(const Convolution& op, std::string_view variant, const Chip& chip) {
  const Support support = convolution_supports(op, variant, chip);
  if (!support) throw std::runtime_error(support.reason);
  for (const ConvolutionKernel* kernel : candidates(op, chip)) {
    if (variant.empty() || kernel->name == variant) return kernel->plan(op, chip);
  }
  throw std::logic_error("no kernel for a supported convolution");
}

}  // namespace whygpu::cuda
