// Kernels of network layers for OpenCL devices.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backends/devices/opencl.h"
#include "backends/layers/layer.h"

namespace whygpu {

// Changes the text of kernels before it is compiled: tests plant errors with it.
using EditSource = std::function<std::string(std::string)>;

// A layer's kernels are compiled when it is first prepared. They run on the device's queue and must not outlive it.
std::unique_ptr<LayerKernels> make_opencl_layers(OpenClDevice& device, EditSource edit = {});

}  // namespace whygpu
