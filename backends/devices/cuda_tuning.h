// Buffers for timing candidates: enough sets that each run finds its operands outside the L2.
#pragma once

#include <vector>

#include "backends/devices/cuda.h"

namespace whygpu {

class TuningBuffers {
 public:
  // One buffer per spec and set, uniform in [-1, 1] (for s8, integers over its full range). As many sets as cover the
  // L2 twice, at most 16, fewer if memory is short.
  TuningBuffers(CudaDevice& device, const std::vector<TensorSpec>& specs);

  void* data(std::size_t run, std::size_t argument) const { return sets_[run % sets_.size()][argument].data(); }

 private:
  std::vector<std::vector<CudaBuffer>> sets_;
};

}  // namespace whygpu
