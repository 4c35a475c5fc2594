// The timed part of a sample: how a batch of operations is queued, and where its operands come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/worker/host_copies.h"
#include "benchmarks/workloads/workload.h"
#include "reports/results/records.h"

namespace whygpu {

struct SampleMode {
  bool cold = false;  // operands are evicted before each batch, and rotated over twice the cache size within it
  Offload offload = Offload::kernel;
  std::int64_t reuse = 1;   // operations per upload
  double load_seconds = 0;  // uninterrupted load before the first sample, at least
};
SampleMode sample_mode(const Case& c);

// CPU time of this process so far, all threads, in seconds.
double process_cpu_seconds();

// What a batch took of this process, without what comes before it: evicting operands, waiting for other ranks.
struct HostUse {
  double cpu_seconds = 0;  // of all threads
  long page_faults = 0;    // without access to a disk: the first access to new memory
};

class TimedBatch {
 public:
  TimedBatch(Trial& trial, Device& device, const SampleMode& mode);

  // A batch is a multiple of unit() operations, and at most most() of them.
  std::int64_t unit() const { return unit_; }
  std::int64_t most() const;

  // Runs `operations`, and returns their total time in seconds: that of the slowest rank, where several start together.
  double time(std::int64_t operations);

  // The last time of every rank, by rank; empty without ranks.
  const std::vector<double>& rank_seconds() const { return rank_seconds_; }

  // Of the last time().
  HostUse host_use() const { return host_use_; }

  // Captures about `operations` operations and replays them from now on, if the device supports it; unit() becomes the
  // number of captured operations.
  void record(std::int64_t operations);

  // The seconds of one operation from its launch until the host knows that it is complete, by the host's clock: what a
  // caller waits who needs each result before the next operation. Not for operands that are copied.
  double time_synchronised();

  // The set of buffers that the last of the next `operations` operations uses.
  std::size_t last_set(std::int64_t operations) const;

  // Before an audited batch of `operations`: other inputs in that set, beside the result of the old ones.
  void renew(std::int64_t operations, std::uint64_t seed);

  // The device's readings while it runs `operations`.
  Details readings(std::int64_t operations);

  // "kernel time", or a description of what was copied and how often.
  std::string describe() const;

 private:
  void rotate_cold_sets();
  bool timed_on_host() const;
  void run_unheld();
  std::unique_ptr<Graph> capture(std::int64_t operations);
  void enqueue(std::int64_t operations);
  double time_alone(std::int64_t operations);
  double time_on_device(std::int64_t operations);
  double time_on_host(std::int64_t operations);

  Trial& trial_;
  Device& device_;
  SampleMode mode_;
  std::unique_ptr<Stopwatch> stopwatch_;
  std::optional<HostCopies> copies_;
  std::unique_ptr<Graph> graph_;
  std::int64_t unit_ = 1;
  std::int64_t launches_;  // of one operation or, once recorded, of one replay
  std::size_t sets_ = 1, next_set_ = 0;
  std::vector<double> rank_seconds_;
  HostUse host_use_;
};

}  // namespace whygpu
