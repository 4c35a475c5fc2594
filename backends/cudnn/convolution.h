#pragma once

#include <memory>

#include "backends/cudnn/engines.h"
#include "backends/devices/cuda.h"

namespace whygpu {

// What all convolutions on one device share.
struct CudnnContext {
  CudaDevice& device;
  cudnnHandle_t handle = nullptr;
};

// Plans the first engine that cuDNN proposes and that can be planned or, with `tune`, the fastest of its first 16.
std::unique_ptr<Operation> prepare_cudnn_convolution(const CudnnContext& context, const Convolution& conv, bool tune);

}  // namespace whygpu
