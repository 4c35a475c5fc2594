// Times a verified trial: warms up until steady, chooses a batch size, then takes samples.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/worker/timed_batch.h"

namespace whygpu {

// Measurement of one case in one process.
struct Round {
  std::int64_t batch = 1;          // operations per sample
  std::vector<double> samples_ns;  // device time of one operation, one value per sample, in order
  double cpu_ns = 0;               // CPU time of one operation, all threads of the process
  double prepare_ns = 0;           // planning, packing and uploading
  double verify_ns = 0;
  double warmup_ns = 0;
  bool steady = true;       // the time settled during warm-up
  int discarded = 0;        // samples repeated because the device was disturbed
  std::string disturbance;  // the disturbance that remained after the retries
  Details details;
};

class Measurement {
 public:
  // `sample_seconds` is the total time intended for all samples of this process; it bounds the warm-up and
  // determines the size of the samples.
  Measurement(Trial& trial, Device& device, const SampleMode& mode, double sample_seconds);

  void warm_up();

  // Runs one batch, stores its time, and returns its seconds.
  double sample();

  // Runs one batch to completion without storing its time, and returns its number of operations.
  std::int64_t run_batch() {
    batch_.time(round_.batch);
    return round_.batch;
  }

  // Stores the device's readings under this load. Called once, after the last sample.
  void finish();

  std::int64_t batch() const { return round_.batch; }
  Round& round() { return round_; }
  std::string describe() const { return batch_.describe(); }

 private:
  Device& device_;
  TimedBatch batch_;
  double sample_seconds_;
  double cpu_seconds_ = 0;
  Round round_;
};

// CPU time of this process so far, all threads, in seconds.
double process_cpu_seconds();

}  // namespace whygpu
