// A graph made ready on a backend: one block of device memory, every operation prepared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "benchmarks/networks/graph.h"
#include "benchmarks/networks/memory_plan.h"
#include "benchmarks/networks/task.h"

namespace whygpu::training {

// Yes, or the first operation that the backend cannot do and why.
Support supports(const ComputeGraph& graph, const Backend& backend);

// A batch in host memory as the device takes it.
struct HostBatch {
  HostBatch(const ComputeGraph& graph, const Batch& batch);
  std::vector<std::byte> input, target;
};

class Program {
 public:
  // `graph` must outlive it.
  Program(const ComputeGraph& graph, Backend& backend);

  // As before the first step: weights drawn, state zero, everything else NaN.
  void reset();
  void load(const HostBatch& batch);  // may be queued
  void load(const Batch& batch);
  void set_weights(const std::vector<double>& weights);
  void set_weights(const TrainedParameter& parameter, const std::vector<double>& weights);

  void enqueue(Phase phase);
  void enqueue();  // all phases in turn

  std::vector<double> download(Value value);
  double loss() { return download(graph_.loss)[0]; }

  Tensor& tensor(Value value);
  std::size_t bytes() const { return plan_.bytes; }
  std::string implementation() const;  // every distinct one, in order of first use

 private:
  struct Step {
    Operation* operation = nullptr;
    std::vector<Tensor*> arguments;
    Phase phase = Phase::forward;
  };

  void upload(Value value, const std::vector<double>& values);

  const ComputeGraph& graph_;
  Backend& backend_;
  MemoryPlan plan_;
  std::unique_ptr<Tensor> memory_;
  std::vector<std::unique_ptr<Tensor>> tensors_;  // by value, made when first asked for
  std::vector<std::pair<Op, std::unique_ptr<Operation>>> operations_;
  std::vector<Step> steps_;
};

}  // namespace whygpu::training
