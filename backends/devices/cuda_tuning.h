// Buffers to time candidates on: enough sets of them that each run finds its operands outside the L2.
#pragma once

#include <vector>

#include "backends/devices/cuda.h"

namespace whygpu {

class TuningBuffers {
 public:
  // One buffer per spec and set, uniform in [-1, 1] (whole numbers over the range of s8). As many sets as cover the L2
  // twice, at most 16, fewer where the memory does not suffice.
  TuningBuffers(CudaDevice& device, const std::vector<TensorSpec>& specs);

  void* data(std::size_t run, std::size_t argument) const { return sets_[run % sets_.size()][argument].data(); }

 private:
  std::vector<std::vector<CudaBuffer>> sets_;
};

}  // namespace whygpu
