// One case on one backend, from the support query to its samples.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "benchmarks/cases/case.h"
#include "benchmarks/worker/energy.h"
#include "benchmarks/worker/measurement.h"
#include "benchmarks/worker/records.h"
#include "benchmarks/workloads/workload.h"
#include "whygpu/backend.h"

namespace whygpu {

struct TrialSettings {
  double sample_seconds = 0;
  AuditMode audit = AuditMode::one_sample;
  std::uint64_t seed = 1;                  // of the inputs
  std::map<std::string, double> verified;  // of an earlier process, for Trial::verify_again(); empty: verify()
};

class TrialRun {
 public:
  TrialRun(const Case& c, Backend& backend, const TrialSettings& settings);

  // Queries support, prepares, verifies and warms up. Never throws: errors are stored in the verdict.
  void prepare();

  // Adds samples for as many operations as Google Benchmark requests. May be called several times.
  void measure(benchmark::State& state);

  // Measures joules per operation after the samples, and adds them to the round's details.
  void measure_energy(const RunMeters& run);

  const Verdict& verdict() const { return verdict_; }
  EndRecord end_record();  // the "end" line of the records

 private:
  Verdict make_ready();
  Verdict fits_in_memory() const;
  void fail(const std::string& reason);
  void finish();
  std::string implementation() const;

  const Case& case_;
  const Workload& workload_;
  Backend& backend_;
  TrialSettings settings_;
  std::string started_;
  Verdict verdict_;
  std::unique_ptr<Trial> trial_;
  std::optional<Measurement> measurement_;
  Details energy_;
  std::string lost_meters_;
};

}  // namespace whygpu
