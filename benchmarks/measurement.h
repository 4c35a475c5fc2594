// Times a verified trial: warm up until steady, choose a batch, then take samples.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/workload.h"

namespace whygpu {

// What one process learned about one case.
struct Round {
  std::int64_t batch = 1;          // operations in a sample
  std::vector<double> samples_ns;  // device time of one operation, one value a sample, in order
  double cpu_ns = 0;               // CPU time of one operation, all threads of the process
  double prepare_ns = 0;           // planning, packing and uploading
  double verify_ns = 0;
  double warmup_ns = 0;
  bool steady = true;  // the warm-up saw the time settle
  int discarded = 0;   // samples retaken because something disturbed the device
  std::string disturbance;  // what still disturbed it after the retries
  Details details;
};

class Measurement {
 public:
  // `cold`: operands are evicted before each sample, and rotated over twice the cache within it. `sample_seconds` is the
  // time that all samples of this process are meant to take together; it bounds the warm-up and sizes the samples.
  Measurement(Trial& trial, Device& device, bool cold, double sample_seconds);

  void warm_up();

  // Runs one batch, keeps its time, and returns its seconds of device time.
  double sample();

  // Runs one batch to its end, keeps nothing, and returns how many operations that were.
  std::int64_t run_batch() {
    time_batch(round_.batch);
    return round_.batch;
  }

  std::int64_t batch() const { return round_.batch; }
  Round& round() { return round_; }

 private:
  void enqueue(std::int64_t operations);
  double time_batch(std::int64_t operations);
  void prepare_cold();

  Trial& trial_;
  Device& device_;
  std::unique_ptr<Stopwatch> stopwatch_;
  bool cold_;
  double sample_seconds_;
  std::size_t sets_ = 1, next_set_ = 0;
  double cpu_seconds_ = 0;
  Round round_;
};

// CPU time of this process so far, all threads, in seconds.
double process_cpu_seconds();

}  // namespace whygpu
