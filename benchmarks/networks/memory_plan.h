// Places all values of a graph in one block of memory. Values that are never needed at the same time share memory.
#pragma once

#include <cstddef>
#include <vector>

#include "backends/layers/graph.h"

namespace whygpu::networks {

struct MemoryPlan {
  std::vector<std::size_t> offset;  // of every value, in bytes
  std::size_t bytes = 0;            // the peak of a step
};

MemoryPlan plan_memory(const ComputeGraph& graph);

}  // namespace whygpu::networks
