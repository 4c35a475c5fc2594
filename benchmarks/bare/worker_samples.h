// The samples of a case as a worker takes them: verified, warmed up, in the case's mode.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "benchmarks/bare/compare_pairs.h"

namespace whygpu {

class WorkerSamples {
 public:
  WorkerSamples(const Case& c, Backend& backend, std::unique_ptr<Trial> trial)
      : trial_(std::move(trial)),
        measurement_(*trial_, backend.device(), sample_mode(c), kSampleSeconds, AuditMode::one_sample, 1) {
    require(trial_->verify());
    measurement_.warm_up();
  }
  WorkerSamples(const Case& c, Backend& backend) : WorkerSamples(c, backend, loaded_trial(c, backend)) {}

  // The seconds of one operation in the next sample.
  double next() {
    measurement_.sample();
    require(measurement_.verdict());
    return 1e-9 * measurement_.round().samples_ns.back();
  }

  std::int64_t batch() const { return measurement_.batch(); }  // operations in a sample
  std::string describe() const { return measurement_.describe(); }
  double page_faults() { return measurement_.round().details["page_faults"]; }

  // The values that the workload measures itself, by name.
  std::map<std::string, double> details() const {
    const Details details = trial_->details();
    return {details.begin(), details.end()};
  }

 private:
  static constexpr double kSampleSeconds = 0.05;  // the default of `whygpu run --sample-seconds`

  static void require(const Verdict& verdict) {
    if (verdict.status != Status::ok) throw std::runtime_error(verdict.reason);
  }

  std::unique_ptr<Trial> trial_;
  Measurement measurement_;
};

}  // namespace whygpu
