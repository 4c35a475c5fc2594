// State of a run, built only from records: those sent by workers and those replayed from a journal.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/workloads/workload.h"
#include "reports/results/records.h"

namespace whygpu {

nlohmann::json to_json(const RunSettings& settings);
RunSettings settings_from_json(const nlohmann::json& object);

struct CaseResult {
  Case c;
  Status status = Status::ok;
  std::string reason;
  std::string implementation;
  double flops = 0, bytes = 0, set_bytes = 0;
  nlohmann::json rounds = nlohmann::json::array();  // in the format of the result file
  std::vector<double> round_medians_ns;

  // The 95% interval of the median over rounds lies within ±1%.
  bool settled() const;
};

class RunState {
 public:
  explicit RunState(const std::vector<Case>& cases);

  // Applies a record of a worker: "backend", "begin" or "end". Others are ignored.
  void apply(const nlohmann::json& record);

  std::vector<CaseResult>& results() { return results_; }
  const std::vector<CaseResult>& results() const { return results_; }
  CaseResult* find(const std::string& case_text);
  const std::map<std::string, nlohmann::json>& backends() const { return backends_; }

 private:
  std::vector<CaseResult> results_;
  std::map<std::string, std::size_t> index_;
  std::map<std::string, nlohmann::json> backends_;
};

inline constexpr double kSettledWithin = 0.01;

}  // namespace whygpu
