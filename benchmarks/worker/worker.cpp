#include "benchmarks/worker/worker.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <set>

#include "backends/loader.h"
#include "benchmarks/cases/nearest.h"
#include "benchmarks/cases/sweep.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/worker/energy.h"
#include "benchmarks/worker/rank_energy.h"
#include "benchmarks/worker/ranks.h"
#include "benchmarks/worker/records.h"
#include "benchmarks/worker/trial_run.h"
#include "benchmarks/worker/worker_options.h"

namespace whygpu {
namespace {

// Google Benchmark runs for 1.4 times its minimum time.
constexpr double kMinTimeShare = 0.7;
constexpr double kDefaultSampleSeconds = 0.5;  // Google Benchmark's own default

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

void refuse_other_ranks(const std::vector<Case>& cases, int ranks) {
  for (const auto& c : cases) {
    if (c.ranks() == ranks) continue;
    throw CaseError(fmt::format("{}: needs {} ranks: mpirun -np {} {} --ranks={} …", c.text(), c.ranks(), c.ranks(),
                                c.workload, c.ranks()));
  }
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
  // The ranks of a host take one device after the other, unless each is shown one alone.
  if (const int earlier = earlier_ranks_on_this_host(); earlier > 0) {
    try {
      return {found->second, {options.threads, options.device + earlier}};
    } catch (const LoadError&) {
    }
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
    if (options.energy) {
      meters_ = share_meters(meters_for(backend->device(), find_meters(), meter_files()), backend->device());
    }
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

// Of several ranks, the first one writes.
RecordWriter open_records(const WorkerOptions& options) {
  const bool silent = world() != nullptr && world()->rank() > 0;
  const int output = options.records == kRecordsToOutput ? dup(STDOUT_FILENO) : -1;
  if (silent || output >= 0) dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
  if (silent) return {};
  if (output >= 0) return RecordWriter(std::to_string(output));
  if (options.records.empty()) return options.describe ? RecordWriter("1") : RecordWriter();
  return RecordWriter(options.records);
}

int run(std::string_view workload, WorkerOptions options, std::vector<std::string> benchmark_flags) {
  if (options.ranks > 1) join_ranks(options.ranks);
  RecordWriter records = open_records(options);
  auto cases = chosen_cases(workload, options);
  LoadedBackend backend = load(chosen_backend(options, cases), options);
  records.write(describe_backend(backend.name(), *backend));
  if (options.describe) {
    describe(backend, workload, records);
    return 0;
  }
  refuse_other_ranks(cases, options.ranks);

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

int worker_main(std::string_view workload, int argc, char** argv) {
  WorkerOptions options;
  std::vector<std::string> flags;
  try {
    if (const auto status = parse_worker_options(workload, argc, argv, options, flags)) return *status;
    const int status = run(workload, options, std::move(flags));
    leave_ranks();
    return status;
  } catch (const std::exception& error) {
    if (world() != nullptr) leave_with_error(error.what());
    std::fputs(fmt::format("{}: {}\n", workload, error.what()).c_str(), stderr);
    return 2;
  }
}

}  // namespace whygpu
