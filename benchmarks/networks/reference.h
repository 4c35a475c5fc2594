// Reference implementation of a graph, in float64 and plain loops. No backend, no library.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backends/layers/graph.h"

namespace whygpu::networks {

// Whether values that the graph stores in bf16 are rounded to it, or every dtype is treated as exact.
enum class Rounding : std::uint8_t { none, bf16_values };

class Reference {
 public:
  // Weights, state and filled values before the first step; labels and tokens are whole numbers in double.
  explicit Reference(const ComputeGraph& graph, Rounding rounding = Rounding::none);

  void set_weights(std::span<const double> weights);  // and their copies
  std::span<double> values(Value value);
  void run(Phase phase);
  double loss() { return values(graph_.loss)[0]; }

 private:
  void round(Value value);  // if it is stored in bf16
  void copy_weights();

  const ComputeGraph& graph_;
  Rounding rounding_;
  std::vector<std::vector<double>> storage_;  // of values that are not part of another
};

}  // namespace whygpu::networks
