// Evicts everything from the L2, and leaves nothing there that still has to be written to memory.
#pragma once

#include "backends/devices/cuda.h"

namespace whygpu {

class CudaCacheFlush {
 public:
  CudaCacheFlush(std::size_t cache_bytes, cudaStream_t stream);

  void enqueue(cudaStream_t stream) const;

 private:
  CudaBuffer written_, read_;  // each twice the size of the cache
};

}  // namespace whygpu
