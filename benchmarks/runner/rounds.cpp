#include "benchmarks/runner/rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "benchmarks/runner/child_process.h"
#include "benchmarks/runner/launcher.h"
#include "benchmarks/worker/worker_options.h"
#include "benchmarks/workloads/workload.h"
#include "reports/results/codec.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

// With fewer rounds there is no 95% interval, so no case is settled earlier.
constexpr int kFewestRounds = 6;
constexpr std::chrono::milliseconds kPatienceWithRanks{500};
constexpr std::size_t kAllCases = std::numeric_limits<std::size_t>::max();

EndRecord failure(const CaseRecord& result, const std::string& reason, int round) {
  EndRecord end;
  end.case_text = result.text;
  end.status = Status::failed;
  end.reason = fmt::format("round {}: {}", round, reason);
  return end;
}

// A record that cannot be read fails the case in flight, not the run.
std::optional<WorkerRecord> record_of(const std::string& line, const CaseRecord* in_flight, int round) {
  try {
    return parse_worker_record(line);
  } catch (const ResultFileError& error) {
    if (in_flight == nullptr) return std::nullopt;
    return failure(*in_flight, error.what(), round);
  }
}

bool is_unmeasured(const CaseRecord& result) { return result.status == Status::ok && result.rounds.empty(); }

// What a worker needs to verify the case as a process of this run did.
std::map<std::string, double> verified_details(const CaseRecord& result) {
  const std::string_view prefix = find_workload(result.workload).verified_details();
  std::map<std::string, double> verified;
  if (prefix.empty() || result.rounds.empty()) return verified;
  for (const auto& [name, value] : result.rounds.front().details) {
    if (name.starts_with(prefix)) verified.emplace(name, value);
  }
  return verified;
}

// ": rank 1 does not answer", or nothing where all or none do.
std::string ranks_that_hang(ChildProcess& worker, int ranks) {
  worker.signal(SIGUSR1);  // launchers ignore it, or pass it on
  std::this_thread::sleep_for(kPatienceWithRanks);
  const std::string silent = silent_ranks(worker.errors(), ranks);
  return silent.empty() ? "" : ": " + silent;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

Rounds::Rounds(RunState& state, RunSettings settings, std::filesystem::path worker_folder, Recorder record,
               std::function<void(const Progress&)> progress)
    : state_(state),
      settings_(std::move(settings)),
      worker_folder_(std::move(worker_folder)),
      record_(std::move(record)),
      progress_(std::move(progress)),
      shuffle_(settings_.seed) {}

bool Rounds::active(const CaseRecord& result) const {
  if (result.status != Status::ok) return false;
  if (settings_.rounds) return static_cast<int>(result.rounds.size()) < *settings_.rounds;
  return !result.settled;
}

Rounds::Group Rounds::group_of(const CaseRecord& result) {
  const std::string ranks = result.value(std::string(kRanksKey));
  return {result.backend, result.workload, ranks.empty() ? 1 : std::stoi(ranks)};
}

std::vector<CaseRecord*> Rounds::active_cases(const Group& group) {
  std::vector<CaseRecord*> cases;
  for (auto& result : state_.results()) {
    if (active(result) && group_of(result) == group) cases.push_back(&result);
  }
  return cases;
}

std::vector<Rounds::Group> Rounds::active_groups() {
  std::set<Group> groups;
  for (const auto& result : state_.results()) {
    if (active(result)) groups.insert(group_of(result));
  }
  return {groups.begin(), groups.end()};
}

// A resumed run continues with the round after the last recorded one.
int Rounds::next_round() const {
  int last = 0;
  for (const auto& result : state_.results()) {
    for (const auto& round : result.rounds) last = std::max(last, round.round);
  }
  return last + 1;
}

double Rounds::elapsed() const { return now() - start_; }

bool Rounds::out_of_budget() const {
  if (settings_.rounds || elapsed() < settings_.budget_seconds) return false;
  return !settings_.every_case || std::ranges::none_of(state_.results(), is_unmeasured);
}

std::chrono::duration<double> Rounds::patience() const {
  const bool bounded = !settings_.rounds && !settings_.every_case;
  const double budget_left = std::max(0.0, settings_.budget_seconds - elapsed());
  return std::chrono::duration<double>(bounded ? std::min(budget_left, settings_.timeout_seconds)
                                               : settings_.timeout_seconds);
}

bool Rounds::run(const std::atomic<bool>& interrupted) {
  interrupted_ = &interrupted;
  start_ = now();
  for (int round = next_round();; ++round) {
    auto groups = active_groups();
    if (groups.empty()) return true;
    std::ranges::shuffle(groups, shuffle_);
    if (round == 1) groups = first_visits(std::move(groups));
    for (const auto& group : groups) {
      visit(group, round, kAllCases);
      if (interrupted) return false;
      if (out_of_budget()) return true;
    }
    if (after_round_) after_round_();
  }
}

// Measures the cheapest case of each group, and returns the groups in the order of these times; without one, last.
std::vector<Rounds::Group> Rounds::first_visits(std::vector<Group> groups) {
  for (const auto& group : groups) visit(group, 1, 1);
  std::map<Group, double> shortest_ns;
  for (const auto& result : state_.results()) {
    if (result.rounds.empty()) continue;
    const double time = median(result.rounds.front().samples_ns);
    const auto [known, added] = shortest_ns.try_emplace(group_of(result), time);
    if (!added) known->second = std::min(known->second, time);
  }
  std::ranges::stable_sort(groups, {}, [&](const Group& group) {
    const auto known = shortest_ns.find(group);
    return known == shortest_ns.end() ? std::numeric_limits<double>::infinity() : known->second;
  });
  return groups;
}

// One new process for up to `most` cases of a group; another for the remaining ones if it died.
void Rounds::visit(const Group& group, int round, std::size_t most) {
  auto waiting = active_cases(group);
  std::ranges::shuffle(waiting, shuffle_);
  if (round == 1) {
    std::erase_if(waiting, [](const CaseRecord* result) { return !result->rounds.empty(); });
    std::ranges::stable_sort(waiting, {}, [](const CaseRecord* result) { return result->flops + result->bytes; });
  }
  if (waiting.size() > most) waiting.resize(most);
  while (!waiting.empty() && !*interrupted_ && !out_of_budget()) run_worker(group, round, waiting);
}

void Rounds::run_worker(const Group& group, int round, std::vector<CaseRecord*>& waiting) {
  WorkerOptions options;
  options.backend = group.backend;
  options.ranks = group.ranks;
  options.threads = settings_.threads;
  options.device = settings_.device;
  options.sample_seconds = settings_.sample_seconds;
  options.audit = settings_.audit;
  options.seed = settings_.seed;
  // Once the backend has crashed, every case has a process of its own: one case's damage is never another's fault.
  const bool alone = crashed_.contains(group.backend);
  const std::vector<CaseRecord*> chosen(waiting.begin(), alone ? waiting.begin() + 1 : waiting.end());
  // Once per case is enough: the energy pass repeats its trials itself.
  const bool first = std::ranges::all_of(chosen, [](const auto* result) { return result->rounds.empty(); });
  options.energy = settings_.energy && first;
  for (const auto* result : chosen) {
    options.cases.push_back(result->text);
    if (auto verified = verified_details(*result); !verified.empty()) options.verified.emplace(result->text, verified);
  }
  ChildProcess worker(worker_folder_ / group.workload, worker_arguments(options), {},
                      group.ranks > 1 ? launcher_words(settings_.launcher, group.ranks, settings_.threads)
                                      : std::vector<std::string>());

  const auto leave_queue = [&](const CaseRecord* result) { std::erase(waiting, result); };
  CaseRecord* in_flight = nullptr;
  bool took_any = false;
  double began = now();
  for (;;) {
    std::string line;
    const auto wait = patience();
    const auto event = worker.next_line(line, wait);
    if (*interrupted_) return worker.kill();
    if (event == ChildProcess::Event::interrupted) continue;
    if (event == ChildProcess::Event::line) {
      const auto record = record_of(line, in_flight, round);
      if (!record) continue;
      if (const auto* begin = std::get_if<BeginRecord>(&*record)) in_flight = state_.find(begin->case_text);
      if (std::holds_alternative<BackendRecord>(*record)) take(*record, round);
      const auto* end = std::get_if<EndRecord>(&*record);
      CaseRecord* subject = end != nullptr ? state_.find(end->case_text) : nullptr;
      if (subject != nullptr) {
        take(*record, round);
        leave_queue(subject);
        in_flight = nullptr;
        took_any = true;
        visited_seconds_ += now() - began;
        began = now();
        ++visits_;
        report(subject->text, round);
        if (out_of_budget()) return worker.kill();
      }
      continue;
    }

    const bool hung = event == ChildProcess::Event::timeout;
    // A wait that the budget cut short blames nobody; it may end a moment before the budget does.
    if (hung && wait.count() < settings_.timeout_seconds) return worker.kill();
    std::string hanging;
    if (hung && group.ranks > 1) hanging = ranks_that_hang(worker, group.ranks);
    if (hung) worker.kill();
    const std::string ending = worker.wait();
    // A crash, or an exit in the middle of a case: libraries end the process on damage that they notice.
    if (ending.starts_with("signal") || (in_flight != nullptr && !hung)) {
      crashed_.insert(group.backend);
      if (took_any) return;  // the case in flight is tried again, alone
    }
    // A worker may end between two cases, when it has lost its device; one that ends before its first case must not be
    // started for ever.
    CaseRecord* guilty = in_flight != nullptr ? in_flight : took_any || waiting.empty() ? nullptr : waiting.front();
    if (guilty == nullptr) return;
    std::string reason = hung ? fmt::format("no answer for {:g} s, killed{}", settings_.timeout_seconds, hanging)
                              : fmt::format("worker ended with {}", ending.empty() ? "exit status 0" : ending);
    const std::string words = group.ranks > 1 ? cause_of_end(worker.errors()) : worker.last_error_line();
    if (!words.empty() && !hung) reason += ": " + words;
    take(failure(*guilty, reason, round), round);
    leave_queue(guilty);
    report(guilty->text, round);
    return;
  }
}

void Rounds::take(WorkerRecord record, int round) {
  if (auto* end = std::get_if<EndRecord>(&record); end != nullptr && end->round) end->round->round = round;
  record_(record);
  state_.apply(record);
}

void Rounds::report(const std::string& case_text, int round) {
  Progress progress{.case_text = case_text, .round = round};
  std::size_t visits_left = 0;
  for (const auto& result : state_.results()) {
    ++progress.cases;
    if (!is_unmeasured(result)) ++progress.measured;
    if (result.settled) ++progress.settled;
    if (!active(result)) continue;
    const int wanted = settings_.rounds.value_or(std::max(kFewestRounds, round + 1));
    visits_left += static_cast<std::size_t>(std::max(0, wanted - static_cast<int>(result.rounds.size())));
  }
  progress.elapsed_seconds = elapsed();
  progress.left_seconds =
      static_cast<double>(visits_left) * visited_seconds_ / static_cast<double>(std::max<std::size_t>(visits_, 1));
  if (!settings_.rounds && (!settings_.every_case || progress.measured == progress.cases)) {
    progress.left_seconds = std::min(progress.left_seconds, std::max(0.0, settings_.budget_seconds - elapsed()));
  }
  progress_(progress);
}

}  // namespace whygpu
