// Buffers for timing candidates, with a hot or a cold L2.
#pragma once

#include <vector>

#include "backends/devices/cuda.h"

namespace whygpu {

class TuningBuffers {
 public:
  // One buffer per spec and set, uniform in [-1, 1] (for s8, integers over its full range). One set that all runs share
  // or, if `cold`, as many as cover the L2 twice, but no more than fastest() times at once, and fewer if memory is
  // short.
  TuningBuffers(CudaDevice& device, const std::vector<TensorSpec>& specs, bool cold);

  void* data(std::size_t run, std::size_t argument) const { return sets_[run % sets_.size()][argument].data(); }

 private:
  std::vector<std::vector<CudaBuffer>> sets_;
};

}  // namespace whygpu
