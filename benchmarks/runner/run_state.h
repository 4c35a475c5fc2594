// State of a run, built only from records: those sent by workers and those replayed from a journal.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/worker/records.h"
#include "reports/results/records.h"
#include "reports/results/result_file.h"

namespace whygpu {

// The 95% interval of the median over rounds lies within ±precision, a fraction.
bool is_settled(std::span<const double> round_medians_ns, double precision);

class RunState {
 public:
  explicit RunState(const std::vector<Case>& cases, double precision = RunSettings{}.precision);

  // Takes what changes a result: a backend's description, or the end of a case. Others are ignored.
  void apply(const WorkerRecord& record);

  // A case without rounds that is ok was not reached.
  std::vector<CaseRecord>& results() { return results_; }
  const std::vector<CaseRecord>& results() const { return results_; }
  CaseRecord* find(const std::string& case_text);
  const std::map<std::string, BackendRecord>& backends() const { return backends_; }

 private:
  void end(const EndRecord& record);

  double precision_;
  std::vector<CaseRecord> results_;
  std::vector<std::vector<double>> round_medians_ns_;  // of each result
  std::map<std::string, std::size_t> index_;
  std::map<std::string, BackendRecord> backends_;
};

// `facts` with the cases of the run and this build's version. Cases that were not reached have failed, with a reason
// that begins with kNotReached.
ResultFile result_file(const RunState& state, ResultFile facts);

}  // namespace whygpu
