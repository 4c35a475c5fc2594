// whygpu run: measures a sweep on several backends, keeps every sample, prints the table.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "benchmarks/runner/journal.h"
#include "benchmarks/runner/result_writer.h"
#include "benchmarks/runner/rounds.h"
#include "benchmarks/worker/records.h"
#include "reports/render/text.h"
#include "reports/views/ceiling_place.h"
#include "reports/views/table.h"
#include "tools/commands.h"
#include "benchmarks/machine/findings.h"
#include "tools/output_file.h"
#include "benchmarks/runner/plan.h"
#include "tools/progress.h"
#include "benchmarks/runner/ceilings/run_ceilings.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::atomic<bool> interrupted = false;

fs::path output_of(const RunOptions& options) {
  if (!options.output.empty()) return options.output;
  std::string stamp = utc_now().substr(0, 19);
  std::erase(stamp, ':');
  return fs::path("results") / (stamp + ".json");
}

PlannedRun planned_before(const RunOptions& options, const fs::path& output) {
  const fs::path path = Journal::path_for(output);
  if (options.output.empty() || !fs::exists(path)) {
    throw CaseError(fmt::format("--resume needs -o FILE with the journal of an interrupted run beside it ({})",
                                options.output.empty() ? "no -o was given" : path.string() + " is not there"));
  }
  const auto records = Journal(output).replay();
  if (records.empty() || records.front().value("event", "") != "run") {
    throw CaseError(fmt::format("{}: holds no run; start again with --force", path.string()));
  }
  return PlannedRun::from_header(records.front(), path);
}

void refuse_to_overwrite(const fs::path& output) {
  if (fs::exists(output)) {
    throw CaseError(fmt::format("{} exists: choose another name, or add --force", output.string()));
  }
  const fs::path journal = Journal::path_for(output);
  if (fs::exists(journal) && fs::file_size(journal) > 0) {
    throw CaseError(
        fmt::format("{} holds an interrupted run: add --resume to go on, or --force to start again", journal.string()));
  }
}

// One line for each reason, whatever it stops.
void say_what_is_left_out(const PlannedRun& run) {
  std::vector<std::pair<std::string, std::vector<std::string>>> stopped;
  for (const auto& backend : run.backends) {
    if (backend.usable()) continue;
    auto found = std::ranges::find(stopped, backend.reason, [](const auto& entry) { return entry.first; });
    if (found == stopped.end()) found = stopped.insert(found, {backend.reason, {}});
    found->second.push_back(backend.name);
  }
  for (const auto& [reason, names] : stopped) {
    fmt::print(stderr, "{} {} left out: {}\n", fmt::join(names, ", "), names.size() == 1 ? "is" : "are", reason);
  }
}

// The cases that would run on standard output, the rest of the plan beside it.
void print_plan(const PlannedRun& run) {
  std::set<std::string> usable;
  for (const auto& backend : run.backends) {
    if (backend.usable()) usable.insert(backend.name);
  }
  std::size_t cases = 0;
  for (const auto& c : run.cases) {
    if (!usable.contains(std::string(c["backend"]))) continue;
    fmt::print("{}\n", c.text());
    ++cases;
  }
  say_what_is_left_out(run);
  fmt::print(stderr, "{} would run on {}\n", count_of(cases, "case"),
             usable.empty() ? "no backend" : fmt::format("{}", fmt::join(usable, ", ")));
}

void announce(const PlannedRun& run, const fs::path& output) {
  say_what_is_left_out(run);
  if (run.settings.threads > usable_cpus()) {
    fmt::print(stderr, "{} threads on {} CPUs: they take turns; run with --threads {}\n", run.settings.threads,
               usable_cpus(), usable_cpus());
  }
  fmt::print(stderr, "{} cases, {} threads, {} -> {}\n", run.cases.size(), run.settings.threads,
             run.settings.rounds ? fmt::format("{} rounds", *run.settings.rounds)
                                 : fmt::format("until settled or {:g} s", run.settings.budget_seconds),
             output.string());
}

// True when it was not interrupted.
bool measure(PlannedRun& run, RunState& state, Journal& journal, RunCeilings* ceilings) {
  interrupted = false;
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  ProgressLine progress;
  Rounds rounds(
      state, run.settings, program_folder(), [&](const json& record) { journal.append(record); },
      [&](const Progress& p) { progress.show(p); });
  if (ceilings != nullptr) rounds.after_each_round([&] { ceilings->between_rounds(); });
  const auto before = cpu_ticks();
  const bool finished = rounds.run(interrupted);
  const double steal = busyness(before, cpu_ticks()).steal;
  run.environment["steal_fraction"] = steal;
  for (const auto& finding : steal_findings(steal)) run.findings.push_back(to_json(finding));
  return finished;
}

RunFacts facts_of(const PlannedRun& run, bool finished) {
  RunFacts facts;
  facts.started = run.started;
  facts.finished = utc_now();
  facts.complete = finished;
  facts.context = google_benchmark_context(run.settings.command.front());
  facts.environment = run.environment;
  facts.findings = run.findings;
  facts.ceilings = run.ceilings;
  facts.meters = run.meters;
  for (const auto& backend : run.backends) facts.backends.push_back(backend.to_json());
  return facts;
}

// Of a resumed run too; none where the run shall do without.
std::unique_ptr<RunCeilings> first_ceilings(PlannedRun& run, const RunOptions& options) {
  if (options.resume ? run.ceilings.empty() : options.no_ceilings) return nullptr;
  auto ceilings = std::make_unique<RunCeilings>(run.cases, run.settings);
  if (options.resume) {
    ceilings->take(run.ceilings);
    return ceilings;
  }
  fmt::print(stderr, "measuring ceilings\n");
  ceilings->before_rounds();
  run.ceilings = ceilings->to_json();
  return ceilings;
}

// What a case still stands above after that is an error, and the table says so.
void last_ceilings(PlannedRun& run, const RunState& state, RunCeilings& ceilings) {
  fmt::print(stderr, "measuring ceilings again\n");
  ceilings.after_rounds([&](const json& so_far) {
    run.ceilings = so_far;
    const auto result = result_json(state, run.settings, facts_of(run, true));
    return !contradictions(parse_result_file(result.dump(), "this run")).empty();
  });
  run.ceilings = ceilings.to_json();
}

void print_table(const fs::path& output) {
  TableOptions options;
  options.color = use_colour(stdout);
  options.width = terminal_columns(stdout);
  const std::vector<ResultFile> files = {load_result_file(output)};
  fmt::print("{}", render_table(files, options));
  for (const auto& [workload, view] : {std::pair{"training_step", "training"}, {"inference", "inference"}}) {
    if (std::ranges::none_of(files[0].cases, [&](const auto& c) { return c.workload == workload; })) continue;
    options.view = view;
    fmt::print("\n{}", render_table(files, options));
  }
  fmt::print("\n{}\n", output.string());
}

// Something was measured, and nothing was incorrect or failed.
bool all_well(const RunState& state) {
  const auto& results = state.results();
  return std::ranges::any_of(results, [](const CaseResult& result) { return result.status == Status::ok; }) &&
         std::ranges::none_of(results, [](const CaseResult& result) {
           return result.status == Status::incorrect || result.status == Status::failed;
         });
}

int execute(const RunOptions& options, const std::vector<std::string>& command) {
  const fs::path output = output_of(options);
  PlannedRun run = options.resume ? planned_before(options, output) : plan_run(options, command);
  if (options.dry_run) {
    print_plan(run);
    return 0;
  }
  refuse_unwritable("-o", output);
  if (!options.force && !options.resume) refuse_to_overwrite(output);
  Journal journal(output);
  RunState state(run.cases);
  std::unique_ptr<RunCeilings> ceilings;
  if (options.resume) {
    for (const auto& record : journal.replay()) state.apply(record);
    ceilings = first_ceilings(run, options);
  } else {
    run.look_at_machine(options);
    ceilings = first_ceilings(run, options);
    journal.clear();
    journal.append(run.header());
    for (const auto& record : run.refusals()) {
      journal.append(record);
      state.apply(record);
    }
  }
  announce(run, output);
  const bool finished = measure(run, state, journal, ceilings.get());
  if (finished && ceilings) last_ceilings(run, state, *ceilings);
  write_atomically(output, result_json(state, run.settings, facts_of(run, finished)).dump(1) + "\n");
  if (finished) journal.remove();
  print_table(output);
  if (!finished) fmt::print("Interrupted. Go on with: whygpu run --resume -o {}\n", output.string());
  return !finished ? 130 : all_well(state) ? 0 : 1;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  auto* command = app.add_subcommand("run", "Measure a sweep or single cases, keep every sample, print the table");
  command->footer(
      "Examples:\n"
      "  whygpu run quick                                          about a minute\n"
      "  whygpu run square --backend openblas,onednn --threads 1   one core\n"
      "  whygpu run deepbench --quick -o deepbench.json            a spread-out subset\n"
      "  whygpu run gemm m=1024 n=1024 k=1024 dtype=f32,bf16       single cases\n"
      "Exit codes: 0 done, 1 a case was incorrect or failed or nothing could run, 2 bad arguments or input, 130 "
      "interrupted.");
  command->add_option("sweep", options->words, "sweeps by name or file, or cases (default: quick)");
  command->add_option("--backend", options->backends, "backends, separated by commas (default: all that can run here)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--models", options->models, "only cases of these networks, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("-o,--output", options->output, "result file (default: results/DATE.json)");
  command->add_flag("--quick", options->quick, "a spread-out subset of the cases, about a minute");
  command->add_option("--rounds", options->rounds, "fresh processes per case: auto (until settled) or a number")
      ->capture_default_str();
  command->add_option(
      "--budget", options->budget,
      "time for the whole run (default: 60s for quick, else 2s a case); every case gets one round at least");
  command->add_option("--threads", options->threads, "CPU threads, the same for every backend")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--device", options->device, "which accelerator")->check(CLI::NonNegativeNumber);
  command->add_option("--sample-seconds", options->sample_seconds, "sampling time of a case in one process")
      ->check(CLI::Range(1e-4, 3600.0))
      ->check([](const std::string& text) {
        return std::isnan(std::strtod(text.c_str(), nullptr)) ? std::string("not a number") : std::string();
      })
      ->capture_default_str();
  command
      ->add_option("--offload", options->offload,
                   "which time: kernel (operands are on the device), once (and the result fetched, around --reuse "
                   "operations) or always")
      ->check(CLI::IsMember({"kernel", "once", "always"}));
  command->add_option("--reuse", options->reuse, "operations for one upload, with --offload once (default: 10)");
  command->add_option("--timeout", options->timeout, "silence after which a worker counts as hung")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "of the shuffling (default: random, recorded)");
  command->add_flag("--energy", options->energy, "read the energy meters too: about 5 s more for each case");
  command->add_flag("--no-ceilings", options->no_ceilings, "do not measure the peaks of this machine first");
  command->add_flag("--dry-run", options->dry_run, "print the cases and measure nothing");
  command->add_flag("--resume", options->resume, "go on with the interrupted run of -o FILE");
  command->add_flag("--force", options->force, "overwrite the result file");
  command->callback([options, command, &exit_code] {
    std::vector<std::string> line = {"whygpu", "run"};
    for (const auto& word : options->words) line.push_back(word);
    for (const auto* option : command->get_options()) {
      if (option->count() == 0 || option->get_lnames().empty()) continue;
      line.push_back("--" + option->get_lnames().front());
      if (option->get_expected_min() > 0) line.push_back(fmt::format("{}", fmt::join(option->results(), ",")));
    }
    const bool more = std::ranges::any_of(command->get_options(), [](const CLI::Option* option) {
      return option->count() > 0 && !option->check_lname("resume") && !option->check_lname("output");
    });
    if (options->resume && more) throw CaseError("--resume goes on as the run began: give it -o FILE and nothing else");
    exit_code = execute(*options, line);
  });
}

}  // namespace whygpu
