// whygpu run: measures a sweep on several backends, keeps every sample, prints the table.
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <random>

#include "benchmarks/environment.h"
#include "benchmarks/journal.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/records.h"
#include "benchmarks/result_writer.h"
#include "benchmarks/rounds.h"
#include "reports/table.h"
#include "tools/backend_choice.h"
#include "tools/ceilings.h"
#include "tools/commands.h"
#include "tools/findings.h"
#include "tools/progress.h"
#include "tools/run_plan.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr double kQuickSeconds = 60;
constexpr double kBudgetPerCase = 2;

std::atomic<bool> interrupted = false;

struct Options {
  std::vector<std::string> words, models;
  std::vector<std::string> backends;
  std::string output;
  bool quick = false, dry_run = false, resume = false, force = false, energy = false, no_ceilings = false;
  std::string rounds = "auto";
  std::string budget;
  std::string timeout = "60s";
  double sample_seconds = 0.05;
  int threads = usable_cpus();
  int device = 0;
  std::optional<std::uint64_t> seed;
  std::string offload;
  std::string reuse;
};

// "90", "90s", "10m" or "2h" in seconds.
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

std::optional<int> parse_rounds(const std::string& text) {
  if (text == "auto") return std::nullopt;
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (*end != '\0' || value < 1 || value > 1'000'000) {
    throw CaseError(fmt::format("--rounds {}: accepted are auto and whole numbers from 1 on", text));
  }
  return static_cast<int>(value);
}

// A run: what it was asked for, what it knows, and the journal that survives it.
class Run {
 public:
  explicit Run(const Options& options)
      : options_(options), output_(options.output.empty() ? default_output() : fs::path(options.output)) {}

  int execute(const std::vector<std::string>& command) {
    const bool resuming = options_.resume;
    plan(command);
    if (options_.dry_run) {
      for (const auto& c : cases_) fmt::print("{}\n", c.text());
      return 0;
    }
    refuse_to_overwrite();
    Journal journal(output_);
    RunState state(cases_);
    if (resuming) {
      for (const auto& record : journal.replay()) state.apply(record);
    } else {
      find_energy_meters();
      find_ceilings();
      journal.clear();
      journal.append(header());
      for (const auto& record : refusals()) journal.append(record), state.apply(record);
    }
    announce();
    const bool finished = measure(state, journal);
    write_atomically(output_, result_json(state, settings_, facts(finished)).dump(1) + "\n");
    if (finished) journal.remove();
    print_table();
    if (!finished) fmt::print("Interrupted. Go on with: whygpu run --resume -o {}\n", output_.string());
    return finished ? exit_code(state) : 130;
  }

 private:
  static fs::path default_output() {
    std::string stamp = utc_now().substr(0, 19);
    std::erase(stamp, ':');
    return fs::path("results") / (stamp + ".json");
  }

  void plan(const std::vector<std::string>& command) {
    if (options_.resume) return plan_from_journal();
    settings_.command = command;
    settings_.threads = options_.threads;
    settings_.device = options_.device;
    settings_.sample_seconds = options_.sample_seconds;
    settings_.rounds = parse_rounds(options_.rounds);
    settings_.timeout_seconds = parse_duration(options_.timeout);
    settings_.seed = options_.seed.value_or(std::random_device{}());
    const std::string usual = options_.models.empty() ? "quick" : "training";
    const auto words = options_.words.empty() ? std::vector{usual} : options_.words;
    settings_.sweep = fmt::format("{}", fmt::join(words, " "));

    auto problems = with_models(cases_from_words(words), options_.models);
    for (auto& problem : problems) problem = with_offload(problem);
    choose_backends(problems.front().workload);
    std::vector<std::string> names;
    for (const auto& backend : backends_) {
      if (backend.usable() || !options_.backends.empty()) names.push_back(backend.name);
    }
    const bool short_run = options_.quick || settings_.sweep == "quick";
    if (options_.quick) problems = quick_subset(problems, names.size(), kQuickSeconds);
    cases_ = cross(problems, names);
    drop_strangers();
    if (cases_.empty()) throw CaseError("no case is left to run on these backends: see whygpu list");
    settings_.budget_seconds = !options_.budget.empty() ? parse_duration(options_.budget)
                               : short_run              ? kQuickSeconds
                                                        : std::max(kQuickSeconds, kBudgetPerCase * static_cast<double>(cases_.size()));
    started_ = utc_now();
    environment_ = environment_json();
    find_unfairness(cases_.front().workload);
  }

  // A backend that nobody named and that has nothing of a workload is no news in its table.
  void drop_strangers() {
    if (!options_.backends.empty()) return;
    std::map<std::pair<std::string, std::string>, bool> offers;
    for (const auto& c : cases_) {
      const std::string backend(c["backend"]);
      const auto [found, inserted] = offers.try_emplace({backend, c.workload});
      if (!inserted) continue;
      found->second = probe_backend({program_folder(), options_.threads, options_.device}, backend, c.workload).offers_any();
    }
    std::erase_if(cases_, [&](const Case& c) { return !offers.at({std::string(c["backend"]), c.workload}); });
  }

  // As the options ask for; parsed anew, so that what does not fit together is refused as in a sweep.
  Case with_offload(Case problem) const {
    if (!options_.offload.empty()) problem = problem.with("offload", options_.offload);
    if (!options_.reuse.empty()) problem = problem.with("reuse", options_.reuse);
    return parse_case(problem.text());
  }

  void choose_backends(const std::string& workload) {
    backends_ = probe_backends(options_.backends, {program_folder(), options_.threads, options_.device}, workload);
  }

  void find_unfairness(const std::string& workload) {
    auto findings = cpu_findings(cpu_facts(), cpu_quota(), settings_.threads);
    const auto dispatch = dispatch_findings(backends_, {program_folder(), settings_.threads, settings_.device}, workload);
    findings.insert(findings.end(), dispatch.begin(), dispatch.end());
    findings_ = json::array();
    for (const auto& finding : findings) findings_.push_back(to_json(finding));
  }

  // With --energy and no meter the reason is told, and joules stay null.
  void find_energy_meters() {
    auto offers = find_meters();
    meters_ = to_json(offers);
    const bool usable = std::ranges::any_of(offers, [](const MeterOffer& offer) { return offer.meter != nullptr; });
    settings_.energy = options_.energy && usable;
    if (options_.energy && !usable) fmt::print(stderr, "no energy: this machine has no meter ({})\n", why_no_meter(offers));
  }

  // Of the dtypes that this run holds.
  void find_ceilings() {
    if (options_.no_ceilings) return;
    std::vector<std::string> dtypes;
    for (const auto& dtype : ceiling_dtypes()) {
      const auto is_dtype = [&](const auto& value) { return value.second == dtype; };
      if (std::ranges::any_of(cases_, [&](const Case& c) { return std::ranges::any_of(c.values, is_dtype); })) {
        dtypes.push_back(dtype);
      }
    }
    fmt::print(stderr, "measuring ceilings\n");
    for (const auto& ceiling : ceilings_of_this_machine(dtypes, settings_.threads, settings_.device).ceilings) {
      ceilings_.push_back(to_json(ceiling));
    }
  }

  json header() const {
    json cases = json::array(), backends = json::array();
    for (const auto& c : cases_) cases.push_back(c.text());
    for (const auto& backend : backends_) backends.push_back(backend.to_json());
    return {{"event", "run"},          {"settings", to_json(settings_)}, {"cases", cases},      {"backends", backends},
            {"environment", environment_}, {"findings", findings_},
            {"ceilings", ceilings_},       {"meters", meters_},          {"started", started_}};
  }

  void plan_from_journal() {
    const fs::path path = Journal::path_for(output_);
    if (options_.output.empty() || !fs::exists(path)) {
      throw CaseError(fmt::format("--resume needs -o FILE with the journal of an interrupted run beside it ({})",
                                  options_.output.empty() ? "no -o was given" : path.string() + " is not there"));
    }
    if (!options_.words.empty()) throw CaseError("--resume goes on with the cases of the journal: name no sweep");
    const auto records = Journal(output_).replay();
    if (records.empty() || records.front().value("event", "") != "run") {
      throw CaseError(fmt::format("{}: holds no run; start again with --force", path.string()));
    }
    const json& header = records.front();
    settings_ = settings_from_json(header.at("settings"));
    for (const auto& text : header.at("cases")) cases_.push_back(parse_case(text.get<std::string>()));
    for (const auto& facts : header.at("backends")) {
      backends_.push_back({facts.at("name"), facts.at("version").is_null() ? json(nullptr) : facts, facts.value("reason", ""), {}});
    }
    environment_ = header.at("environment");
    findings_ = header.at("findings");
    ceilings_ = header.at("ceilings");
    meters_ = header.at("meters");
    started_ = header.at("started");
    const json here = environment_json();
    if (here.at("host") != environment_.at("host") || here.at("cpu").at("model") != environment_.at("cpu").at("model")) {
      throw CaseError(fmt::format("{}: was begun on another machine ({}, {})", path.string(),
                                  environment_.at("host").get<std::string>(),
                                  environment_.at("cpu").at("model").get<std::string>()));
    }
  }

  // Cases of backends that cannot run here, when somebody asked for them by name.
  std::vector<json> refusals() const {
    std::vector<json> records;
    for (const auto& backend : backends_) {
      if (backend.usable()) continue;
      for (const auto& c : cases_) {
        if (c["backend"] != backend.name) continue;
        records.push_back({{"event", "end"}, {"case", c.text()}, {"status", "unsupported"}, {"reason", backend.reason}});
      }
    }
    return records;
  }

  void refuse_to_overwrite() const {
    if (options_.force || options_.resume) return;
    if (fs::exists(output_)) {
      throw CaseError(fmt::format("{} exists: choose another name, or add --force", output_.string()));
    }
    if (fs::exists(Journal::path_for(output_)) && fs::file_size(Journal::path_for(output_)) > 0) {
      throw CaseError(fmt::format("{} holds an interrupted run: add --resume to go on, or --force to start again",
                                  Journal::path_for(output_).string()));
    }
  }

  void announce() const {
    for (const auto& backend : backends_) {
      if (!backend.usable()) fmt::print(stderr, "{} is left out: {}\n", backend.name, backend.reason);
    }
    fmt::print(stderr, "{} cases, {} threads, {} -> {}\n", cases_.size(), settings_.threads,
               settings_.rounds ? fmt::format("{} rounds", *settings_.rounds)
                                : fmt::format("until settled or {:g} s", settings_.budget_seconds),
               output_.string());
  }

  bool measure(RunState& state, Journal& journal) {
    interrupted = false;
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = true; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    ProgressLine progress;
    Rounds rounds(state, settings_, program_folder(), [&](const json& record) { journal.append(record); },
                  [&](const Progress& p) { progress.show(p); });
    const auto before = cpu_ticks();
    const bool finished = rounds.run(interrupted);
    environment_["steal_fraction"] = busyness(before, cpu_ticks()).steal;
    return finished;
  }

  RunFacts facts(bool finished) const {
    RunFacts facts;
    facts.started = started_;
    facts.finished = utc_now();
    facts.complete = finished;
    facts.context = google_benchmark_context((program_folder() / "whygpu").string());
    facts.environment = environment_;
    facts.findings = findings_;
    facts.ceilings = ceilings_;
    facts.meters = meters_;
    for (const auto& backend : backends_) facts.backends.push_back(backend.to_json());
    return facts;
  }

  void print_table() const {
    TableOptions options;
    options.color = use_colour(stdout);
    options.width = terminal_columns(stdout);
    const std::vector<ResultFile> files = {load_result_file(output_)};
    fmt::print("{}", render_table(files, options));
    if (std::ranges::any_of(files[0].cases, [](const auto& c) { return c.workload == "training_step"; })) {
      options.view = "training";
      fmt::print("\n{}", render_table(files, options));
    }
    fmt::print("\n{}\n", output_.string());
  }

  static int exit_code(const RunState& state) {
    for (const auto& result : state.results()) {
      if (result.status == Status::incorrect || result.status == Status::failed) return 1;
    }
    return 0;
  }

  const Options& options_;
  fs::path output_;
  RunSettings settings_;
  std::vector<Case> cases_;
  std::vector<BackendProbe> backends_;
  json environment_, findings_ = json::array(), ceilings_ = json::array(), meters_ = json::array();
  std::string started_;
};

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("run", "Measure a sweep or single cases, keep every sample, print the table");
  command->footer(
      "Examples:\n"
      "  whygpu run quick                                          about a minute\n"
      "  whygpu run square --backend openblas,onednn --threads 1   one core\n"
      "  whygpu run deepbench --quick -o deepbench.json            a spread-out subset\n"
      "  whygpu run gemm m=1024 n=1024 k=1024 dtype=f32,bf16       single cases\n"
      "Exit codes: 0 done, 1 a case was incorrect or failed, 2 bad arguments or input, 130 interrupted.");
  command->add_option("sweep", options->words, "sweeps by name or file, or cases (default: quick)");
  command->add_option("--backend", options->backends, "backends, separated by commas (default: all that can run here)")->delimiter(',');
  command->add_option("--models", options->models, "only cases of these networks, separated by commas")->delimiter(',');
  command->add_option("-o,--output", options->output, "result file (default: results/DATE.json)");
  command->add_flag("--quick", options->quick, "a spread-out subset of the cases, about a minute");
  command->add_option("--rounds", options->rounds, "fresh processes per case: auto (until settled) or a number")->capture_default_str();
  command->add_option("--budget", options->budget, "time for the whole run (default: 60s for quick, else 2s a case)");
  command->add_option("--threads", options->threads, "CPU threads, the same for every backend")->check(CLI::Range(1, 4096))->capture_default_str();
  command->add_option("--device", options->device, "which accelerator")->check(CLI::NonNegativeNumber);
  command->add_option("--sample-seconds", options->sample_seconds, "sampling time of a case in one process")->check(CLI::Range(1e-4, 3600.0))->capture_default_str();
  command->add_option("--offload", options->offload, "which time: kernel (operands are on the device), once (and the result fetched, around --reuse operations) or always")
      ->check(CLI::IsMember({"kernel", "once", "always"}));
  command->add_option("--reuse", options->reuse, "operations for one upload, with --offload once (default: 10)");
  command->add_option("--timeout", options->timeout, "silence after which a worker counts as hung")->capture_default_str();
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
    exit_code = Run(*options).execute(line);
  });
}

}  // namespace whygpu
