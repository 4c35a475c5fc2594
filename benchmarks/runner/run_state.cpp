#include "benchmarks/runner/run_state.h"

#include <fmt/format.h>

#include <utility>

#include "benchmarks/workloads/workload.h"
#include "reports/results/statistics.h"

namespace whygpu {

bool is_settled(std::span<const double> round_medians_ns, double precision) {
  const auto half_width = relative_half_width(round_medians_ns);
  return half_width && *half_width <= precision;
}

RunState::RunState(const std::vector<Case>& cases, double precision)
    : precision_(precision), round_medians_ns_(cases.size()) {
  for (const auto& c : cases) {
    index_.emplace(c.text(), results_.size());
    auto& result = results_.emplace_back();
    result.text = c.text();
    result.problem = c.problem();
    result.workload = c.workload;
    result.backend = c["backend"];
    result.values = {c.values.begin(), c.values.end()};
    result.settled = false;
    const Work work = find_workload(c.workload).work(c);
    result.flops = work.flops;
    result.bytes = work.bytes;
  }
}

CaseRecord* RunState::find(const std::string& case_text) {
  const auto found = index_.find(case_text);
  return found == index_.end() ? nullptr : &results_[found->second];
}

void RunState::apply(const WorkerRecord& record) {
  if (const auto* backend = std::get_if<BackendRecord>(&record)) backends_[backend->name] = *backend;
  if (const auto* ended = std::get_if<EndRecord>(&record)) end(*ended);
}

void RunState::end(const EndRecord& record) {
  const auto found = index_.find(record.case_text);
  if (found == index_.end()) return;
  CaseRecord& result = results_[found->second];
  result.status = record.status;
  result.reason = record.reason;
  if (!record.implementation.empty()) result.implementation = record.implementation;
  if (record.set_bytes > 0) result.set_bytes = record.set_bytes;
  if (!record.ranks.empty()) result.ranks = record.ranks;
  if (!record.round) return;
  auto& medians = round_medians_ns_[found->second];
  result.rounds.push_back(*record.round);
  medians.push_back(median(record.round->samples_ns));
  result.settled = is_settled(medians, precision_);
}

ResultFile result_file(const RunState& state, ResultFile facts) {
  facts.version = WHYGPU_VERSION;
  facts.cases = state.results();
  const std::string why = facts.complete ? fmt::format("the budget of {:g} s was spent", facts.run.budget_seconds)
                                         : std::string("the run was interrupted");
  for (auto& record : facts.cases) {
    if (record.status != Status::ok || !record.rounds.empty()) continue;
    record.status = Status::failed;
    record.reason = std::string(kNotReached) + why;
  }
  return facts;
}

}  // namespace whygpu
