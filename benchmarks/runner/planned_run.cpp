#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/plan.h"
#include "reports/results/codec.h"

namespace whygpu {

namespace fs = std::filesystem;
using nlohmann::json;

json PlannedRun::header() const {
  json case_texts = json::array();
  for (const auto& c : cases) case_texts.push_back(c.text());
  return {{"event", "run"},
          {"settings", encode<RunSettings>(facts.run)},
          {"cases", case_texts},
          {"backends", encode(facts.backends)},
          {"environment", encode(facts.environment)},
          {"findings", encode(facts.findings)},
          {"ceilings", encode(facts.ceilings)},
          {"meters", encode(facts.meters)},
          {"networks", encode(facts.networks)},
          {"started", facts.run.started}};
}

PlannedRun PlannedRun::from_header(const json& header, const fs::path& journal) {
  const std::string source = journal.string();
  if (!header.is_object() || header.value("event", json()) != "run") {
    throw CaseError(fmt::format("{}: holds no run; start again with --force", source));
  }
  const JsonNode::Complain complain = [&](const std::string& what) {
    throw ResultFileError(fmt::format("{}: damaged, start again with --force: {}", source, what));
  };
  const JsonNode root(header, complain);
  PlannedRun run;
  ResultFile& facts = run.facts;
  decode(root["settings"], static_cast<RunSettings&>(facts.run));
  root["cases"].each([&](const JsonNode& text) { run.cases.push_back(parse_case(text.text())); });
  if (run.cases.empty()) root["cases"].fail("needs at least one case");
  decode(root["backends"], facts.backends);
  decode(root["environment"], facts.environment);
  decode(root["findings"], facts.findings);
  decode(root["ceilings"], facts.ceilings);
  decode(root["meters"], facts.meters);
  if (const auto networks = root.find("networks")) decode(*networks, facts.networks);
  facts.run.started = root["started"].text();
  return run;
}

void PlannedRun::refuse_other_machine(const fs::path& journal) const {
  const EnvironmentRecord here = environment_record();
  const EnvironmentRecord& there = facts.environment;
  if (here.host != there.host || here.cpu_model != there.cpu_model) {
    throw CaseError(
        fmt::format("{}: was started on another machine ({}, {})", journal.string(), there.host, there.cpu_model));
  }
}

std::vector<EndRecord> PlannedRun::refusals() const {
  std::vector<EndRecord> records;
  for (const auto& backend : facts.backends) {
    if (backend.usable()) continue;
    for (const auto& c : cases) {
      if (c["backend"] != backend.name) continue;
      EndRecord& end = records.emplace_back();
      end.case_text = c.text();
      end.status = backend.crashed ? Status::failed : Status::unsupported;
      end.reason = backend.reason;
    }
  }
  return records;
}

}  // namespace whygpu
