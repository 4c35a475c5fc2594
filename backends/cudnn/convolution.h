#pragma once

#include <memory>

#include "backends/cudnn/plans.h"
#include "backends/devices/cuda.h"

namespace whygpu {

// Shared by all convolutions on one device.
struct CudnnContext {
  CudaDevice& device;
  cudnnHandle_t handle = nullptr;
};

// Half of what is free now.
inline std::size_t max_cudnn_workspace(const CudaDevice& device) { return device.free_memory_bytes() / 2; }

// Runs the first plan that cuDNN makes or, with `tune`, the fastest of its first 16 with a hot or a cold L2.
std::unique_ptr<Operation> prepare_cudnn_convolution(const CudnnContext& context, const Convolution& conv, bool tune,
                                                     bool cold);

}  // namespace whygpu
