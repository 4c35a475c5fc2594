// Layers on CPUs: vectorised kernels on the threads of the backend's device.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "backends/layers/host/host_layer.h"
#include "backends/layers/layer.h"

namespace whygpu {

// `device` must be of kind cpu and outlive the kernels.
std::unique_ptr<LayerKernels> make_cpu_layers(Device& device);

namespace host_layers {

// The tables of all layers for "avx512", "avx2" or "baseline". Each ends with an empty entry.
const std::vector<const HostLayer*>& tables(std::string_view isa);

}  // namespace host_layers
}  // namespace whygpu
