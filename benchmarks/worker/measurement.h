// Times a verified trial: warms up until steady, chooses a batch size, then takes samples.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/oracles/random_input.h"
#include "benchmarks/worker/timed_batch.h"
#include "reports/results/records.h"

namespace whygpu {

// Results are checked against the oracle again after that many of the samples, which had other inputs and a poisoned
// result: after a random one of the first 32 of each process, or after each.
enum class AuditMode : std::uint8_t { one_sample, every_sample };

class Measurement {
 public:
  // `sample_seconds` is the total time intended for all samples of this process; it bounds the warm-up and
  // determines the size of the samples.
  // `seed` draws the audited sample and its inputs.
  Measurement(Trial& trial, Device& device, const SampleMode& mode, double sample_seconds, AuditMode audit,
              std::uint64_t seed);

  void warm_up();

  // Runs one batch, stores its time, and returns its seconds.
  double sample();

  // Runs one batch to completion without storing its time, and returns its number of operations.
  std::int64_t run_batch() {
    batch_.time(round_.batch);
    return round_.batch;
  }

  // Audits once more, stores the device's readings under this load and, on an accelerator, the detail synchronised_ns:
  // the median time of one operation that the host waits for. Called once, after the last sample.
  void finish();

  // Not ok: what an audit found. Times are then worth nothing.
  const Verdict& verdict() const { return verdict_; }

  std::int64_t batch() const { return round_.batch; }
  RoundRecord& round() { return round_; }
  std::string describe() const { return batch_.describe(); }

 private:
  void time_synchronised();
  void note_rank_times();
  bool is_audited(std::size_t sample) const;
  void note(const Verdict& verdict, std::string_view when);
  void audit_one_operation(std::size_t set, std::string_view when);

  Trial& trial_;
  Device& device_;
  SampleMode mode_;
  TimedBatch batch_;
  double sample_seconds_;
  AuditMode audit_;
  Random random_;
  std::size_t audited_sample_;
  Verdict verdict_;
  double cpu_seconds_ = 0;
  std::vector<double> fastest_rank_ns_, mean_rank_ns_, all_ranks_ns_;  // of each sample; of all samples
  RoundRecord round_;
};

}  // namespace whygpu
