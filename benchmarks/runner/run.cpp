#include "benchmarks/runner/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "benchmarks/machine/environment.h"
#include "benchmarks/machine/findings.h"
#include "benchmarks/machine/load.h"
#include "benchmarks/machine/variable_findings.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/runner/ceilings/run_ceilings.h"
#include "benchmarks/runner/interruption.h"
#include "benchmarks/runner/journal.h"
#include "benchmarks/runner/output_file.h"
#include "benchmarks/runner/plan.h"
#include "benchmarks/worker/records.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double kNoiseSeconds = 0.3;
constexpr double kLeastBudgetForCeilings = 15;  // seconds; they take about three

fs::path output_of(const RunOptions& options) {
  if (!options.output.empty()) return options.output;
  std::string stamp = utc_now().substr(0, 19);
  std::erase(stamp, ':');
  return fs::path(kResultFolder) / (stamp + ".json");
}

void refuse_to_overwrite(const fs::path& output) {
  if (fs::exists(output)) {
    throw CaseError(fmt::format("{} exists: choose another name or add --force", output.string()));
  }
  const fs::path journal = Journal::path_for(output);
  if (fs::exists(journal) && fs::file_size(journal) > 0) {
    throw CaseError(
        fmt::format("{} holds an interrupted run: add --resume to continue, or --force to restart", journal.string()));
  }
}

PlannedRun planned_before(const RunOptions& options, const fs::path& output) {
  const fs::path path = Journal::path_for(output);
  if (options.output.empty() || !fs::exists(path)) {
    throw CaseError(fmt::format("--resume needs -o FILE with the journal of an interrupted run beside it ({})",
                                options.output.empty() ? "no -o was given" : path.string() + " is not there"));
  }
  const auto records = Journal(output).replay();
  if (records.empty()) throw CaseError(fmt::format("{}: holds no run; start again with --force", path.string()));
  const PlannedRun planned = PlannedRun::from_header(records.front(), path);
  planned.refuse_other_machine(path);
  return planned;
}

PlannedRun planned_now(const RunOptions& options) {
  RunPlan plan = plan_run(options);
  PlannedRun planned;
  planned.cases = std::move(plan.cases);
  ResultFile& facts = planned.facts;
  static_cast<RunSettings&>(facts.run) = options.settings;
  facts.run.sweep = plan.sweep;
  facts.run.threads = plan.threads;
  const auto most_ranks = std::ranges::max_element(planned.cases, {}, &Case::ranks)->ranks();
  if (most_ranks == 1) facts.run.launcher.clear();
  facts.networks = options.networks;
  if (facts.run.budget_seconds == 0) {
    facts.run.budget_seconds = plan.usual_budget_seconds;
    facts.run.every_case = !plan.short_run;
  }
  facts.run.precision = options.precision > 0 ? options.precision : reachable_precision(noise_floor(kNoiseSeconds));
  facts.run.started = utc_now();
  facts.backends = std::move(plan.backends);
  facts.environment = environment_record();
  facts.findings = cpu_findings(cpu_facts(), cpu_quota(), facts.run.threads);
  for (auto& finding : rank_findings(most_ranks, facts.run, usable_cpus()))
    facts.findings.push_back(std::move(finding));
  for (auto& finding : kernel_findings(facts.backends)) facts.findings.push_back(std::move(finding));
  const ProbeSettings probe{program_folder(), facts.run.threads, facts.run.device};
  for (auto& finding : dispatch_findings(facts.backends, probe, planned.cases.front().workload)) {
    facts.findings.push_back(std::move(finding));
  }
  return planned;
}

// One run, from the first record of its journal to the result file.
class Run {
 public:
  Run(PlannedRun planned, fs::path output, const RunCallbacks& callbacks, Clock::time_point began)
      : began_(began),
        planned_(std::move(planned)),
        facts_(planned_.facts),
        output_(std::move(output)),
        callbacks_(callbacks),
        journal_(output_),
        state_(planned_.cases, facts_.run.precision) {}

  void start(const RunOptions& options) {
    examine_machine();
    const RunSettings& settings = facts_.run;
    const bool hurried = !settings.rounds && !settings.every_case && settings.budget_seconds < kLeastBudgetForCeilings;
    if (hurried && !options.no_ceilings)
      callbacks_.say(fmt::format("no ceilings in a budget below {:g} s", kLeastBudgetForCeilings));
    if (!options.no_ceilings && !hurried) {
      callbacks_.say("measuring ceilings");
      ceilings_ = std::make_unique<RunCeilings>(planned_.cases, facts_.run);
      ceilings_->before_rounds();
      facts_.ceilings = ceilings_->best();
    }
    journal_.clear();
    journal_.append(planned_.header());
    for (const auto& record : planned_.refusals()) {
      journal_.append(encode_worker_record(record));
      state_.apply(record);
    }
  }

  void resume() {
    for (const auto& line : journal_.replay()) {
      if (const auto record = decode_worker_record(line)) state_.apply(*record);
    }
    if (facts_.ceilings.empty()) return;  // --no-ceilings
    ceilings_ = std::make_unique<RunCeilings>(planned_.cases, facts_.run);
    ceilings_->take(facts_.ceilings);
  }

  RunOutcome measure() {
    announce();
    RunOutcome outcome{output_, {}, run_rounds()};
    if (outcome.finished && ceilings_) measure_ceilings_again();
    outcome.result = result(outcome.finished);
    mark_suspects(outcome.result);
    write_atomically(output_, text_of(outcome.result));
    link_latest(output_);
    if (outcome.finished) journal_.remove();
    return outcome;
  }

 private:
  void add_findings(const std::vector<FindingRecord>& findings) {
    facts_.findings.insert(facts_.findings.end(), findings.begin(), findings.end());
  }

  // Steps that take time and that a plan does not need.
  void examine_machine() {
    // This process is idle here, so the load comes from other programs.
    add_findings(load_findings(observe_load()));

    auto offers = find_meters();
    facts_.meters = meter_records(offers);
    const bool usable = std::ranges::any_of(offers, [](const MeterOffer& offer) { return offer.meter != nullptr; });
    if (facts_.run.energy && !usable) {
      facts_.run.energy = false;
      callbacks_.say(fmt::format("no energy: this machine has no meter ({})", why_no_meter(offers)));
    }
  }

  void announce() const {
    for (const auto& line : excluded_backend_lines(facts_.backends)) callbacks_.say(line);
    const RunSettings& settings = facts_.run;
    if (settings.threads > usable_cpus()) {
      callbacks_.say(fmt::format("{} threads on {} CPUs: oversubscribed; run with --threads {}", settings.threads,
                                 usable_cpus(), usable_cpus()));
    }
    callbacks_.say(fmt::format(
        "{} cases, {} threads, {} -> {}", planned_.cases.size(), settings.threads,
        settings.rounds ? fmt::format("{} rounds", *settings.rounds)
                        : fmt::format("until ±{:g}% or {:g} s", 100 * settings.precision, settings.budget_seconds),
        output_.string()));
  }

  // Returns false if interrupted.
  bool run_rounds() {
    RunSettings settings = facts_.run;
    const double spent = std::chrono::duration<double>(Clock::now() - began_).count();
    const double reserved = ceilings_ ? ceilings_->seconds_per_visit() : 0;  // for the visit after the rounds
    settings.budget_seconds = std::max(0.0, settings.budget_seconds - spent - reserved);
    Rounds rounds(
        state_, settings, program_folder(),
        [this](const WorkerRecord& record) { journal_.append(encode_worker_record(record)); }, callbacks_.progress);
    if (ceilings_) rounds.after_each_round([this] { ceilings_->between_rounds(); });
    const auto before = cpu_ticks();
    const bool finished = rounds.run(watch_for_interruption());
    const double steal = cpu_load(before, cpu_ticks()).steal;
    facts_.environment.steal_fraction = steal;
    add_findings(steal_findings(steal));
    return finished;
  }

  // A case that still exceeds a ceiling after that is an error, and the table shows it.
  void measure_ceilings_again() {
    callbacks_.say("measuring ceilings again");
    ceilings_->after_rounds([this](const std::vector<CeilingRecord>& so_far) {
      facts_.ceilings = so_far;
      return callbacks_.contradicts_itself(result(true));
    });
    facts_.ceilings = ceilings_->best();
  }

  void mark_suspects(ResultFile& file) const {
    for (CaseRecord& record : file.cases) {
      if (record.status != Status::ok) continue;
      if (auto why = callbacks_.suspicion(file, record); !why.empty()) {
        record.status = Status::suspect;
        record.reason = std::move(why);
      }
    }
  }

  ResultFile result(bool finished) const {
    ResultFile file = facts_;
    file.name = output_.stem().string();
    file.complete = finished;
    file.context = google_benchmark_context(file.run.command.front());
    file.run.finished = utc_now();
    return result_file(state_, std::move(file));
  }

  Clock::time_point began_;
  PlannedRun planned_;
  ResultFile& facts_;  // of planned_
  fs::path output_;
  const RunCallbacks& callbacks_;
  Journal journal_;
  RunState state_;
  std::unique_ptr<RunCeilings> ceilings_;  // null: no ceilings
};

}  // namespace

int RunOutcome::exit_status() const {
  if (!finished) return kInterruptedStatus;
  const auto any = [this](Status status) {
    return std::ranges::any_of(result.cases, [status](const CaseRecord& c) {
      return c.status == status && !c.reason.starts_with(kNotReached);
    });
  };
  const bool all_well = !any(Status::incorrect) && !any(Status::failed) && !any(Status::suspect);
  return any(Status::ok) && all_well ? 0 : 1;
}

RunOutcome run_sweep(const RunOptions& options, const RunCallbacks& callbacks) {
  const auto began = Clock::now();
  const fs::path output = output_of(options);
  PlannedRun planned = options.resume ? planned_before(options, output) : planned_now(options);
  refuse_unwritable("-o", output);
  if (!options.resume && !options.force) refuse_to_overwrite(output);
  Run run(std::move(planned), output, callbacks, began);
  if (options.resume) {
    run.resume();
  } else {
    run.start(options);
  }
  return run.measure();
}

}  // namespace whygpu
