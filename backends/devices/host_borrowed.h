// The operations that CPU libraries lack, from kernels of our own (backends/devices/kernels), vectorised and threaded.
// A backend that borrows them says so by their implementation().
#pragma once

#include <memory>

#include "backends/backend.h"
#include "backends/devices/host_threads.h"

namespace whygpu {

// Whether prepare_borrowed() has `op`: those of layer_operations.h.
bool is_borrowed(const Op& op);

// Over HostTensors. `threads` must outlive the operation. Null when not is_borrowed(op).
std::unique_ptr<Operation> prepare_borrowed(const Op& op, HostThreads& threads);

}  // namespace whygpu
