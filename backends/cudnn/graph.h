// A convolution as cuDNN sees it: a graph of one operation, or of two where the result is converted.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "backends/cudnn/descriptor.h"
#include "whygpu/backend.h"

namespace whygpu {

// The ids of arguments x, w and y in a variant pack.
inline constexpr std::int64_t kArgumentIds[] = {1, 2, 3};

// How the graph computes a result that is wider than the inputs: f32 gradients of 16-bit filters, s32 of s8.
enum class Form : std::uint8_t {
  identity,  // an identity operation after the convolution writes it, as in NVIDIA's samples
  direct,    // the convolution writes it; for every other result too
  widened,   // 16-bit inputs are first copied to f32, in which every product of theirs is exact, even in tf32
};

// The forms of `conv` to try, in order.
std::vector<Form> forms_of(const Convolution& conv);

// An engine that cuDNN proposes for a graph, with its settings.
struct Engine {
  CudnnDescriptor configuration;
  std::int64_t index = 0;  // cuDNN's engine number
  std::vector<cudnnBackendNumericalNote_t> notes;
  std::vector<std::pair<std::int64_t, std::int64_t>> knobs;

  bool has(cudnnBackendNumericalNote_t note) const;
  std::string describe() const;  // "engine 38 (knobs 2=0 4=2), tensor cores, Winograd"
};

// Whether an engine's arithmetic matches `dtype`: f32 without tensor cores, tf32 with them, and no sums in less than
// the accumulator's precision. Values of 16 bits may be multiplied as tf32, which keeps all of theirs.
bool computes(const Engine& engine, DType dtype);

// It must outlive everything made from it.
class ConvolutionGraph {
 public:
  // Throws cuDNN's words if it refuses the description.
  ConvolutionGraph(cudnnHandle_t handle, const Convolution& conv, Form form);

  // All proposals of one heuristic, best first. Throws cuDNN's words if it has none.
  std::vector<Engine> propose(cudnnBackendHeurMode_t mode) const;

 private:
  std::list<CudnnDescriptor> parts_;
  CudnnDescriptor graph_{CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR};
};

}  // namespace whygpu
