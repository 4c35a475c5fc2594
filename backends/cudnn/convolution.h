#pragma once

#include <memory>

#include "backends/cudnn/engines.h"
#include "backends/devices/cuda.h"

namespace whygpu {

// Shared by all convolutions on one device.
struct CudnnContext {
  CudaDevice& device;
  cudnnHandle_t handle = nullptr;
};

// Plans the first of cuDNN's engines that can be planned or, with `tune`, the fastest of its first 16 with a hot or a
// cold L2.
std::unique_ptr<Operation> prepare_cudnn_convolution(const CudnnContext& context, const Convolution& conv, bool tune,
                                                     bool cold);

}  // namespace whygpu
