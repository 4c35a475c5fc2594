#include "benchmarks/runner/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "benchmarks/meters/find_meters.h"
#include "benchmarks/worker/records.h"
#include "benchmarks/runner/backend_choice.h"
#include "benchmarks/machine/findings.h"
#include "benchmarks/runner/select_cases.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr double kQuickSeconds = 60;
constexpr double kBudgetPerCase = 2;

std::optional<int> parse_rounds(const std::string& text) {
  if (text == "auto") return std::nullopt;
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (*end != '\0' || value < 1 || value > 1'000'000) {
    throw CaseError(fmt::format("--rounds {}: accepted are auto and whole numbers from 1 on", text));
  }
  return static_cast<int>(value);
}

ProbeSettings probe_settings(const RunOptions& options) { return {program_folder(), options.threads, options.device}; }

// As the options ask for; parsed anew, so that what does not fit together is refused as in a sweep.
Case with_offload(Case problem, const RunOptions& options) {
  if (!options.offload.empty()) problem = problem.with("offload", options.offload);
  if (!options.reuse.empty()) problem = problem.with("reuse", options.reuse);
  return parse_case(problem.text());
}

RunSettings settings_from(const RunOptions& options, const std::vector<std::string>& command) {
  RunSettings settings;
  settings.command = command;
  settings.threads = options.threads;
  settings.device = options.device;
  settings.sample_seconds = options.sample_seconds;
  settings.rounds = parse_rounds(options.rounds);
  settings.timeout_seconds = parse_duration(options.timeout);
  settings.seed = options.seed.value_or(std::random_device{}());
  return settings;
}

json find_unfairness(const PlannedRun& run, const RunOptions& options) {
  auto findings = cpu_findings(cpu_facts(), cpu_quota(), run.settings.threads);
  const auto dispatch = dispatch_findings(run.backends, probe_settings(options), run.cases.front().workload);
  findings.insert(findings.end(), dispatch.begin(), dispatch.end());
  json array = json::array();
  for (const auto& finding : findings) array.push_back(to_json(finding));
  return array;
}

}  // namespace

double parse_duration(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (end == text.c_str() || factor == 0 || !(value > 0)) {
    throw CaseError(fmt::format("\"{}\" is not a duration; accepted: 90s, 10m, 2h", text));
  }
  return value * factor;
}

json PlannedRun::header() const {
  json case_texts = json::array(), backend_facts = json::array();
  for (const auto& c : cases) case_texts.push_back(c.text());
  for (const auto& backend : backends) backend_facts.push_back(backend.to_json());
  return {{"event", "run"},
          {"settings", to_json(settings)},
          {"cases", case_texts},
          {"backends", backend_facts},
          {"environment", environment},
          {"findings", findings},
          {"ceilings", ceilings},
          {"meters", meters},
          {"started", started}};
}

PlannedRun PlannedRun::from_header(const json& header, const fs::path& journal) {
  PlannedRun run;
  run.settings = settings_from_json(header.at("settings"));
  for (const auto& text : header.at("cases")) run.cases.push_back(parse_case(text.get<std::string>()));
  for (const auto& facts : header.at("backends")) {
    const bool usable = !facts.at("version").is_null();
    run.backends.push_back({facts.at("name"), usable ? facts : json(nullptr), facts.value("reason", ""), {}});
  }
  run.environment = header.at("environment");
  run.findings = header.at("findings");
  run.ceilings = header.at("ceilings");
  run.meters = header.at("meters");
  run.started = header.at("started");
  const json here = environment_json();
  const json& there = run.environment;
  if (here.at("host") != there.at("host") || here.at("cpu").at("model") != there.at("cpu").at("model")) {
    throw CaseError(fmt::format("{}: was begun on another machine ({}, {})", journal.string(),
                                there.at("host").get<std::string>(), there.at("cpu").at("model").get<std::string>()));
  }
  return run;
}

void PlannedRun::look_at_machine(const RunOptions& options) {
  // Nothing of ours runs yet, so what is busy now is somebody else's work.
  for (const auto& finding : load_findings(listen_to_others())) findings.push_back(to_json(finding));

  // With --energy and no meter the reason is told, and joules stay null.
  auto offers = find_meters();
  meters = to_json(offers);
  const bool usable = std::ranges::any_of(offers, [](const MeterOffer& offer) { return offer.meter != nullptr; });
  settings.energy = options.energy && usable;
  if (options.energy && !usable)
    fmt::print(stderr, "no energy: this machine has no meter ({})\n", why_no_meter(offers));
}

std::vector<json> PlannedRun::refusals() const {
  std::vector<json> records;
  for (const auto& backend : backends) {
    if (backend.usable()) continue;
    for (const auto& c : cases) {
      if (c["backend"] != backend.name) continue;
      records.push_back({{"event", "end"}, {"case", c.text()}, {"status", "unsupported"}, {"reason", backend.reason}});
    }
  }
  return records;
}

PlannedRun plan_run(const RunOptions& options, const std::vector<std::string>& command) {
  PlannedRun run;
  run.settings = settings_from(options, command);
  const std::string usual = options.models.empty() ? "quick" : "training";
  const auto words = options.words.empty() ? std::vector{usual} : options.words;
  run.settings.sweep = fmt::format("{}", fmt::join(words, " "));

  auto problems = with_models(cases_from_words(words), options.models);
  for (auto& problem : problems) problem = with_offload(problem, options);
  run.backends = probe_backends(options.backends, probe_settings(options), problems.front().workload);
  std::vector<std::string> names;
  for (const auto& backend : run.backends) {
    if (backend.usable() || !options.backends.empty()) names.push_back(backend.name);
  }
  if (options.quick) problems = quick_subset(problems, names.size(), kQuickSeconds);
  run.cases = cross(problems, names);
  if (options.backends.empty()) {
    drop_strangers(run.cases, [&](const std::string& backend, const std::string& workload) {
      return probe_backend(probe_settings(options), backend, workload).offers_nothing();
    });
  }
  if (run.cases.empty()) throw CaseError("no case is left to run on these backends: see whygpu list");

  const bool short_run = options.quick || run.settings.sweep == "quick";
  const double usual_budget = std::max(kQuickSeconds, kBudgetPerCase * static_cast<double>(run.cases.size()));
  run.settings.budget_seconds = !options.budget.empty() ? parse_duration(options.budget)
                                : short_run             ? kQuickSeconds
                                                        : usual_budget;
  run.started = utc_now();
  run.environment = environment_json();
  run.findings = find_unfairness(run, options);
  return run;
}

}  // namespace whygpu
