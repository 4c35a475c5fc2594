// The operations of networks that GPU libraries lack, from kernels of our own (backends/devices/cuda_layers). A backend
// that borrows them says so by their implementation().
#pragma once

#include <memory>

#include "backends/devices/cuda.h"

namespace whygpu {

// Whether prepare_cuda_borrowed() has `op`: those of layer_operations.h.
bool is_cuda_borrowed(const Op& op);

// Over the device's plain tensors. Null when not is_cuda_borrowed(op).
std::unique_ptr<Operation> prepare_cuda_borrowed(const Op& op, CudaDevice& device);

}  // namespace whygpu
