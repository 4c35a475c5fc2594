// The plans that cuDNN makes for a convolution: proposals that it also finalised.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/cudnn/graph.h"

namespace whygpu {

struct Plan {
  std::shared_ptr<const ConvolutionGraph> graph;
  CudnnDescriptor configuration;
  CudnnDescriptor plan;
  Form form = Form::direct;
  std::size_t workspace_bytes = 0;
  std::string description;  // engine, heuristic, conversion of the result
};

struct Plans {
  std::vector<Plan> plans;  // in cuDNN's order
  std::size_t refused = 0;  // proposals that were better in that order, but could not be planned
};

// Up to `count` plans whose workspace is at most `max_workspace` bytes: those of heuristic A, then B, then the fallback
// list, until there are enough. Throws std::runtime_error with cuDNN's words if there is none.
Plans plan_convolution(cudnnHandle_t handle, const Convolution& conv, std::size_t count, std::size_t max_workspace);

// Yes if cuDNN makes at least one plan, otherwise its words.
Support supports_convolution(cudnnHandle_t handle, const Convolution& conv, std::size_t max_workspace);

}  // namespace whygpu
