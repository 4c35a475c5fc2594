#include "benchmarks/runner/run_state.h"

#include "reports/results/statistics.h"

namespace whygpu {

using nlohmann::json;

json to_json(const RunSettings& s) {
  return {{"command", s.command},
          {"sweep", s.sweep},
          {"threads", s.threads},
          {"device", s.device},
          {"sample_seconds", s.sample_seconds},
          {"budget_seconds", s.budget_seconds},
          {"timeout_seconds", s.timeout_seconds},
          {"rounds", s.rounds ? json(*s.rounds) : json(nullptr)},
          {"energy", s.energy},
          {"seed", s.seed}};
}

RunSettings settings_from_json(const json& object) {
  RunSettings s;
  object.at("command").get_to(s.command);
  object.at("sweep").get_to(s.sweep);
  object.at("threads").get_to(s.threads);
  object.at("device").get_to(s.device);
  object.at("sample_seconds").get_to(s.sample_seconds);
  object.at("budget_seconds").get_to(s.budget_seconds);
  object.at("timeout_seconds").get_to(s.timeout_seconds);
  if (!object.at("rounds").is_null()) s.rounds = object.at("rounds").get<int>();
  object.at("energy").get_to(s.energy);
  object.at("seed").get_to(s.seed);
  return s;
}

bool CaseResult::settled() const {
  const auto half_width = relative_half_width(round_medians_ns);
  return half_width && *half_width <= kSettledWithin;
}

RunState::RunState(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    index_.emplace(c.text(), results_.size());
    auto& result = results_.emplace_back();
    result.c = c;
    const Work work = find_workload(c.workload).work(c);
    result.flops = work.flops;
    result.bytes = work.bytes;
  }
}

CaseResult* RunState::find(const std::string& case_text) {
  const auto found = index_.find(case_text);
  return found == index_.end() ? nullptr : &results_[found->second];
}

void RunState::apply(const json& record) {
  const std::string event = record.at("event");
  if (event == "backend") {
    json facts = record;
    facts.erase("event");
    backends_[record.at("name")] = std::move(facts);
  }
  if (event != "end") return;
  CaseResult* result = find(record.at("case"));
  if (result == nullptr) return;
  for (const Status status : {Status::ok, Status::incorrect, Status::unsupported, Status::failed}) {
    if (record.at("status").get<std::string>() == name_of(status)) result->status = status;
  }
  result->reason = record.value("reason", "");
  result->implementation = record.value("implementation", result->implementation);
  result->set_bytes = record.value("set_bytes", result->set_bytes);
  if (record.contains("round")) {
    result->rounds.push_back(record.at("round"));
    result->round_medians_ns.push_back(median(record.at("round").at("samples_ns").get<std::vector<double>>()));
  }
}

}  // namespace whygpu
