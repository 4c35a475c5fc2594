// A kernel that occupies the stream until the host releases it, so that work queued behind it starts without launch
// latency.
#pragma once

#include <cuda_runtime.h>

#include <memory>

namespace whygpu {

class CudaHold {
 public:
  // Disabled under CUDA_LAUNCH_BLOCKING, where a launch returns only when its kernel has ended; under an injected tool
  // (compute-sanitizer, profilers), which may do the same; and by WHYGPU_HOLD=0.
  CudaHold();
  ~CudaHold();

  void start(cudaStream_t stream);
  void release();

  // Whether a hold since the last call ended by itself because it was not released within a second.
  bool timed_out();

 private:
  struct Mailbox {
    unsigned released;   // written by the host: every hold up to this number may end
    unsigned timed_out;  // written by the device
  };
  Mailbox* mailbox_ = nullptr;  // page-locked host memory mapped to the device; null when disabled
  unsigned holds_ = 0;
};

// Throws when this build has no code for the current device's chip.
void cuda_check_chip();

}  // namespace whygpu
