#include "benchmarks/worker/worker.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "backends/loader.h"
#include "benchmarks/cases/nearest.h"
#include "benchmarks/cases/sweep.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/worker/energy.h"
#include "benchmarks/worker/records.h"
#include "benchmarks/worker/trial_run.h"

namespace whygpu {
namespace {

// Google Benchmark runs for 1.4 times its minimum time.
constexpr double kMinTimeShare = 0.7;
constexpr double kDefaultSampleSeconds = 0.5;  // Google Benchmark's own default

std::unique_ptr<CLI::App> make_parser(std::string_view workload, WorkerOptions& options) {
  auto app = std::make_unique<CLI::App>(
      fmt::format("Measures {} on one backend. Also accepts all flags of Google Benchmark\n"
                  "(--benchmark_filter=REGEX, --benchmark_list_tests, --benchmark_format=json, …).\n\n"
                  "  {} --backend=openblas --case='{} m=512 n=512 k=512'",
                  workload, workload, workload));
  app->allow_extras();
  add_worker_options(*app, options);
  return app;
}

std::vector<Case> chosen_cases(std::string_view workload, const WorkerOptions& options) {
  std::vector<Case> cases;
  for (const auto& line : options.cases) {
    const auto more = parse_cases(line);
    cases.insert(cases.end(), more.begin(), more.end());
  }
  if (options.cases.empty() && !options.describe) cases = load_sweep(options.sweep.empty() ? "quick" : options.sweep);
  std::erase_if(cases, [&](const Case& c) {
    return c.workload != workload || (options.cases.empty() && !options.backend.empty() && !c["backend"].empty() &&
                                      c["backend"] != options.backend);
  });
  return cases;
}

// --backend, or the only one named by the cases.
std::string chosen_backend(const WorkerOptions& options, const std::vector<Case>& cases) {
  std::set<std::string> named;
  for (const auto& c : cases) {
    if (!c["backend"].empty()) named.emplace(c["backend"]);
  }
  if (!options.backend.empty()) named.insert(options.backend);
  if (named.size() > 1) {
    throw CaseError(fmt::format("a worker loads one backend; requested: {}", fmt::join(named, ", ")));
  }
  return named.empty() ? WHYGPU_DEFAULT_BACKEND : *named.begin();
}

std::map<std::string, std::map<std::string, double>> verified_from(const std::string& json) {
  try {
    return nlohmann::json::parse(json);
  } catch (const nlohmann::json::exception&) {
    throw CaseError(
        "--verified: accepted: a JSON object of objects of numbers, such as "
        R"({"CASE": {"loss_1": 2.3}})");
  }
}

// With --audit, every process verifies everything.
TrialSettings settings_of(const WorkerOptions& options, const std::string& case_text) {
  const auto verified = options.verified.find(case_text);
  const bool before = !options.audit && verified != options.verified.end();
  return {options.sample_seconds > 0 ? options.sample_seconds : kDefaultSampleSeconds,
          options.audit ? AuditMode::every_sample : AuditMode::one_sample, options.seed,
          before ? verified->second : std::map<std::string, double>()};
}

// Also turns on the audit of every sample for a module that is not of this build.
LoadedBackend load(const std::string& name, WorkerOptions& options) {
  const auto modules = find_modules();
  const auto found = modules.find(name);
  if (found != modules.end() && found->second.parent_path() != program_folder() / "backends") options.audit = true;
  if (found == modules.end()) {
    std::vector<std::string> names;
    for (const auto& [module, file] : modules) names.push_back(module);
    throw LoadError(fmt::format("no backend \"{}\"; {}", name, suggest(name, names)));
  }
  return {found->second, {options.threads, options.device}};
}

void describe(const LoadedBackend& backend, std::string_view workload, RecordWriter& records) {
  for (const auto& c : parse_cases(find_workload(workload).probe())) {
    const Support support = find_workload(workload).supports(c, *backend);
    records.write(SupportRecord{c.text(), support.yes, support.reason, find_workload(workload).variants(c, *backend)});
  }
}

// Runs the cases that match Google Benchmark's filter, one after another.
class Session {
 public:
  Session(std::vector<Case> cases, LoadedBackend& backend, const WorkerOptions& options, RecordWriter& records)
      : cases_(std::move(cases)), backend_(backend), options_(options), records_(records) {
    if (options.energy) meters_ = meters_for(backend->device(), find_meters(), meter_files());
    for (auto& c : cases_) {
      c = c.with("backend", backend.name());
      auto* registered =
          benchmark::RegisterBenchmark(c.text().c_str(), [this, &c](benchmark::State& state) { run(c, state); });
      registered->UseManualTime()->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
      if (options.sample_seconds > 0) registered->MinTime(kMinTimeShare * options.sample_seconds);
    }
  }

  bool all_well() const { return all_well_; }

  // Google Benchmark calls a case several times with growing iteration counts, without marking the last call.
  void finish_current() {
    if (!current_) return;
    if (options_.energy) current_->measure_energy(meters_);
    records_.write(current_->end_record());
    const Status status = current_->verdict().status;
    all_well_ = all_well_ && (status == Status::ok || status == Status::unsupported);
    if (status == Status::failed) leave_lost_device();
    current_.reset();
  }

 private:
  void run(const Case& c, benchmark::State& state) {
    if (!current_ || current_case_ != &c) {
      finish_current();
      current_case_ = &c;
      records_.write(BeginRecord{c.text()});
      current_.emplace(c, *backend_, settings_of(options_, c.text()));
      current_->prepare();
    }
    current_->measure(state);
  }

  // A device that failed permanently would fail all later cases; they are left to another process.
  void leave_lost_device() {
    try {
      backend_->device().synchronize();
    } catch (const std::exception& error) {
      std::fputs(fmt::format("the device is lost: {}\n", error.what()).c_str(), stderr);
      std::fflush(nullptr);
      std::_Exit(1);
    }
  }

  std::vector<Case> cases_;
  LoadedBackend& backend_;
  const WorkerOptions& options_;
  RecordWriter& records_;
  RunMeters meters_;
  const Case* current_case_ = nullptr;
  std::optional<TrialRun> current_;
  bool all_well_ = true;
};

int run(std::string_view workload, WorkerOptions options, std::vector<std::string> benchmark_flags) {
  RecordWriter records =
      options.records.empty() ? (options.describe ? RecordWriter("1") : RecordWriter()) : RecordWriter(options.records);
  auto cases = chosen_cases(workload, options);
  LoadedBackend backend = load(chosen_backend(options, cases), options);
  records.write(describe_backend(backend.name(), *backend));
  if (options.describe) {
    describe(backend, workload, records);
    return 0;
  }

  Session session(std::move(cases), backend, options, records);
  std::vector<char*> arguments;
  for (auto& flag : benchmark_flags) arguments.push_back(flag.data());
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::AddCustomContext("backend", fmt::format("{} ({})", backend.name(), backend->version()));
  benchmark::AddCustomContext("threads", std::to_string(options.threads));
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  benchmark::RunSpecifiedBenchmarks();
  session.finish_current();
  benchmark::Shutdown();
  return session.all_well() ? 0 : 1;
}

}  // namespace

void add_worker_options(CLI::App& app, WorkerOptions& options) {
  app.add_option("--backend", options.backend,
                 "the backend to load (default: that of the cases, else " WHYGPU_DEFAULT_BACKEND ")");
  app.add_option("--case", options.cases, "line of cases; may be repeated")->take_all();
  app.add_option_function<std::string>(
      "--verified", [&options](const std::string& json) { options.verified = verified_from(json); },
      "JSON object: by case, details of a process that verified it on the same backend; its results are compared with "
      "those");
  app.add_option("--sweep", options.sweep, "name or file of a sweep (default: quick)");
  app.add_option("--threads", options.threads, "CPU threads")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--sample_seconds", options.sample_seconds,
                 "sampling time of each case, in place of --benchmark_min_time")
      ->check(CLI::PositiveNumber);
  app.add_option("--device", options.device, "index of the accelerator; of OpenCL, over all platforms")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--records", options.records, "file or descriptor for JSON lines with all samples");
  app.add_flag("--energy", options.energy, "also measure energy: some seconds more per case");
  app.add_flag(
      "--audit", options.audit,
      "check the result of every sample, with other inputs each; always for backends from WHYGPU_BACKEND_PATH");
  app.add_option("--seed", options.seed, "random seed of the inputs")->capture_default_str();
  app.add_flag("--describe", options.describe, "print the backend's description and what it supports, as JSON lines");
}

std::vector<std::string> worker_arguments(const WorkerOptions& options) {
  std::vector<std::string> words;
  if (!options.backend.empty()) words.push_back("--backend=" + options.backend);
  words.push_back(fmt::format("--threads={}", options.threads));
  words.push_back(fmt::format("--device={}", options.device));
  if (options.sample_seconds > 0) words.push_back(fmt::format("--sample_seconds={}", options.sample_seconds));
  if (options.energy) words.emplace_back("--energy");
  if (options.audit) words.emplace_back("--audit");
  if (options.seed != WorkerOptions{}.seed) words.push_back(fmt::format("--seed={}", options.seed));
  if (options.describe) words.emplace_back("--describe");
  if (!options.sweep.empty()) words.push_back("--sweep=" + options.sweep);
  for (const auto& line : options.cases) words.push_back("--case=" + line);
  if (!options.verified.empty()) words.push_back("--verified=" + nlohmann::json(options.verified).dump());
  return words;
}

int worker_main(std::string_view workload, int argc, char** argv) {
  WorkerOptions options;
  const auto parser = make_parser(workload, options);
  try {
    parser->parse(argc, argv);
    std::vector<std::string> flags = {argv[0]};
    for (auto& flag : parser->remaining()) flags.push_back(flag);
    return run(workload, options, std::move(flags));
  } catch (const CLI::ParseError& error) {
    return parser->exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fputs(fmt::format("{}: {}\n", workload, error.what()).c_str(), stderr);
    return 2;
  }
}

}  // namespace whygpu
