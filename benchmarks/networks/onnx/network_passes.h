// The convolutions and products of a network run back to back on one backend, as an inference runs them: every operator
// has operands of its own, so a layer finds its weights where the layers between left them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/workloads/workload.h"
#include "reports/results/network_records.h"

namespace whygpu::networks {

class NetworkPasses {
 public:
  // What one operator runs: `count` equal products on the same operands.
  struct Step {
    std::string name, problem;
    std::int64_t count = 1;
  };

  // Prepares and verifies each distinct case. Throws std::exception: no case runs, one is incorrect, or memory is
  // short.
  NetworkPasses(const NetworkRecord& network, Backend& backend, std::uint64_t seed);

  // Returns the seconds of one pass over all steps.
  double run();

  // The seconds of each step, timed by itself within a pass. Clocks and waits cost time of their own.
  std::vector<double> run_steps();

  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<std::string>& missing() const { return missing_; }  // "case: why it does not run"
  double flops() const { return flops_; }
  double bytes() const { return bytes_; }  // of the operands of all steps

 private:
  struct Place {
    Trial* trial = nullptr;
    std::size_t set = 0;
  };

  void enqueue(std::size_t step) const;

  Backend& backend_;
  std::vector<std::unique_ptr<Trial>> trials_;  // of distinct cases
  std::vector<Step> steps_;
  std::vector<Place> places_;  // by step
  std::vector<std::string> missing_;
  std::unique_ptr<Stopwatch> stopwatch_;
  double flops_ = 0, bytes_ = 0;
};

}  // namespace whygpu::networks
