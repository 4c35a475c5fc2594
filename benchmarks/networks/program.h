// A graph prepared on a backend: one block of device memory, every operation prepared.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/layers/graph.h"
#include "benchmarks/networks/memory_plan.h"
#include "benchmarks/networks/task.h"

namespace whygpu::networks {

// Yes, or the first operation that neither the backend nor the layers of its device support, and why.
Support supports(const ComputeGraph& graph, Backend& backend);

// Whose code computes a node: the backend's (its library, or its own version of a layer), or whygpu's layer kernels.
enum class CodeOwner : std::uint8_t { backend, layers };

// The time of one node of a step, or of two that the backend computes as one, under the name of the first.
struct NodeTime {
  CodeOwner owner = CodeOwner::backend;
  std::string_view operation;  // "gemm", "layer_norm", …
  double seconds = 0;
};

// A batch in host memory in the device's format.
struct HostBatch {
  HostBatch(const ComputeGraph& graph, const Batch& batch);
  std::vector<std::byte> input, target;
};

class Program {
 public:
  // `graph` must outlive it.
  Program(const ComputeGraph& graph, Backend& backend);

  // Restores the state before the first step: initial weights, zero state, everything else NaN.
  void reset();
  void load(const HostBatch& batch);  // may be queued
  void load(const Batch& batch);
  void set_weights(const std::vector<double>& weights);
  void set_weights(const TrainedParameter& parameter, const std::vector<double>& weights);

  void enqueue(Phase phase);
  void enqueue();                                                          // all phases in turn
  void enqueue(const std::function<void(std::size_t node)>& before_each);  // called with the number of the next node

  std::vector<double> download(Value value);
  double loss() { return download(graph_.loss)[0]; }

  // Times every node of `steps` complete steps with a stopwatch around each; returns the median of each.
  std::vector<NodeTime> time_nodes(int steps);

  Tensor& tensor(Value value);
  std::size_t bytes() const { return plan_.bytes; }
  std::string implementation() const;  // all distinct ones, in order of first use

 private:
  // One node, or two that the backend computes as one.
  struct Step {
    Operation* operation = nullptr;
    std::vector<Tensor*> arguments;
    Phase phase = Phase::forward;
    CodeOwner owner = CodeOwner::backend;
    std::size_t first_node = 0, nodes = 1;
  };

  // One distinct operation of the graph, prepared.
  struct Prepared {
    NodeOp op;
    std::unique_ptr<Operation> operation;
    CodeOwner owner = CodeOwner::backend;
  };

  const Prepared& prepared(const NodeOp& op);
  Prepared prepare(const NodeOp& op);
  std::optional<Step> fused_step(std::size_t node);
  void upload(Value value, const std::vector<double>& values);

  const ComputeGraph& graph_;
  Backend& backend_;
  std::unique_ptr<LayerKernels> layers_;  // of the device's kind; null if the graph has no layers
  MemoryPlan plan_;
  std::unique_ptr<Tensor> memory_;
  std::vector<std::unique_ptr<Tensor>> tensors_;  // by value, created on first use
  std::vector<Prepared> operations_;
  std::vector<Step> steps_;
};

}  // namespace whygpu::networks
