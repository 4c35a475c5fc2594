// Times a verified trial: warms up until steady, chooses a batch size, then takes samples.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/worker/timed_batch.h"
#include "reports/results/records.h"

namespace whygpu {

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

  // Stores the device's readings under this load and, on an accelerator, the detail synchronised_ns: the median time of
  // one operation that the host waits for. Called once, after the last sample.
  void finish();

  std::int64_t batch() const { return round_.batch; }
  RoundRecord& round() { return round_; }
  std::string describe() const { return batch_.describe(); }

 private:
  void time_synchronised();

  Device& device_;
  SampleMode mode_;
  TimedBatch batch_;
  double sample_seconds_;
  double cpu_seconds_ = 0;
  RoundRecord round_;
};

// CPU time of this process so far, all threads, in seconds.
double process_cpu_seconds();

}  // namespace whygpu
