// What a graph means, in float64 and plain loops. No backend, no library, every dtype taken as exact.
#pragma once

#include <span>
#include <vector>

#include "benchmarks/training/graph.h"

namespace whygpu::training {

class Reference {
 public:
  // Weights, state and filled values as before the first step; labels and tokens are whole numbers in double.
  explicit Reference(const ComputeGraph& graph);

  std::span<double> values(Value value);
  void run(Phase phase);
  double loss() { return values(graph_.loss)[0]; }

 private:
  const ComputeGraph& graph_;
  std::vector<std::vector<double>> storage_;  // of values that are no part of another
};

// One operation over arguments in the order of arguments(op).
void run_reference(const Op& op, std::span<double* const> arguments);

}  // namespace whygpu::training
