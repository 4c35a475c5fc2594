// A network prepared on a backend; base of the trials of training_step and inference.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/networks/network_case.h"
#include "benchmarks/networks/program.h"
#include "benchmarks/networks/task.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu::networks {

constexpr double kReferenceFlops = 1e9;  // above, no float64 reference at full size

// Estimated time of a first verification with `reference_flops` of float64: drawing, loading and comparing the weights,
// and the checks scaled down, are the rest.
double verify_seconds(const ComputeGraph& graph, double reference_flops);

class NetworkTrial : public Trial {
 public:
  // Uses the graph returned by build(network, products).
  using Build = ComputeGraph (*)(const Network& network, DType products);
  NetworkTrial(Network network, Network checked, const Case& c, Backend& backend, Build build);

  void load(std::uint64_t seed) override;
  void enqueue(std::size_t set) override { run(set); }
  bool timed_by_host() const override { return true; }  // launch overhead is part of a step
  std::vector<HostArgument> host_arguments() override;  // a batch in, the loss or the output out
  void allocate_sets(std::size_t count) override;
  std::size_t set_bytes() const override { return sets_.front()->program.bytes(); }
  std::string implementation() const override;

 protected:
  void reset(std::size_t set);      // restores the state before the first step
  void run(std::size_t set) const;  // queues one step
  virtual Batch timed_batch() const { return make_batch(network_, graph_, 0); }
  Details common_details() const;  // parameters, memory, and the owners of the code that the step runs

  Backend& backend_;
  Network network_, checked_network_;
  DType products_;
  ComputeGraph graph_;

  struct Set {
    Program program;
    std::unique_ptr<whygpu::Graph> recording;
  };
  std::vector<std::unique_ptr<Set>> sets_;

 private:
  void add_set() { sets_.push_back(std::make_unique<Set>(Set{Program(graph_, backend_), nullptr})); }

  bool record_;
  std::optional<HostBatch> batch_;  // from load() on
};

}  // namespace whygpu::networks
