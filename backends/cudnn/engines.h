// The engines that cuDNN proposes for a convolution, best first.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "backends/cudnn/descriptor.h"
#include "whygpu/backend.h"

namespace whygpu {

// The ids of arguments x, w and y in a variant pack.
inline constexpr std::int64_t kArgumentIds[] = {1, 2, 3};

struct Engine {
  CudnnDescriptor configuration;
  std::int64_t index = 0;  // cuDNN's engine number
  std::vector<cudnnBackendNumericalNote_t> notes;

  bool has(cudnnBackendNumericalNote_t note) const;
  std::string describe() const;  // "engine 38, tensor cores, Winograd"
};

// Whether an engine's arithmetic matches `dtype`: f32 without tensor cores, tf32 with them, and no sums in less than
// the accumulator's precision.
bool computes(const Engine& engine, DType dtype);

// A convolution as cuDNN sees it: one operation on three tensors. It must outlive everything made from it.
class ConvolutionGraph {
 public:
  ConvolutionGraph(cudnnHandle_t handle, const Convolution& conv);

  // At most `count` engines that compute in `dtype`: first the heuristic's, then its fallbacks. May be empty.
  std::vector<Engine> propose(DType dtype, std::size_t count) const;

 private:
  std::list<CudnnDescriptor> parts_;
  CudnnDescriptor graph_{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};
};

}  // namespace whygpu
