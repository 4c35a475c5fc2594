// The engines that cuDNN proposes for a convolution, best guess first.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "backends/cudnn/descriptor.h"
#include "whygpu/backend.h"

namespace whygpu {

// The ids that arguments x, w and y have in a variant pack.
inline constexpr std::int64_t kArgumentIds[] = {1, 2, 3};

struct Engine {
  CudnnDescriptor configuration;
  std::int64_t index = 0;  // cuDNN's number of the engine
  std::vector<cudnnBackendNumericalNote_t> notes;

  bool has(cudnnBackendNumericalNote_t note) const;
  std::string describe() const;  // "engine 38, tensor cores, Winograd"
};

// Whether an engine's arithmetic is what `dtype` asks for: f32 without tensor cores, tf32 with them, and no sums in
// less than the accumulator.
bool computes(const Engine& engine, DType dtype);

// A convolution as cuDNN sees it: one operation on three tensors. What is made from it needs it alive.
class ConvolutionGraph {
 public:
  ConvolutionGraph(cudnnHandle_t handle, const Convolution& conv);

  // At most `count` engines that compute in `dtype`; those of the heuristic first, then its fallbacks. May be empty.
  std::vector<Engine> propose(DType dtype, std::size_t count) const;

 private:
  std::list<CudnnDescriptor> parts_;
  CudnnDescriptor graph_{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};
};

}  // namespace whygpu
