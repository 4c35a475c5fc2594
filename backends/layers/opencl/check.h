// For tests: runs operations on an OpenCL device and compares them with their float64 references.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "backends/devices/opencl.h"
#include "backends/layers/graph.h"

namespace whygpu {

// The largest error among the arguments, in units of what is allowed for their dtype; at most 1 if all are right. Every
// argument starts with random values, of which the reference gets a copy. They are views of one tensor, with gaps
// between them; a changed gap is an infinite error. `complete` adds to the reference's results what that leaves out.
double error_of(OpenClDevice& device, const networks::NodeOp& op,
                const std::function<void(std::span<Tensor* const> tensors)>& run,
                const std::function<void(std::span<double* const> arguments)>& complete = {});

// `text` with one planted error. Throws std::runtime_error unless `old` occurs exactly once.
std::string planted(const std::string& text, const std::string& old, const std::string& replacement);

}  // namespace whygpu
