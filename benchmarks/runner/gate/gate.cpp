#include "benchmarks/runner/gate/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "benchmarks/machine/environment.h"
#include "benchmarks/machine/variable_findings.h"
#include "benchmarks/runner/probe.h"
#include "benchmarks/runner/select_cases.h"
#include "benchmarks/worker/records.h"
#include "reports/results/codec.h"
#include "reports/results/machine_fingerprint.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Family = std::pair<std::string, std::string>;  // workload, backend: what one process can run

Family family_of(const Case& c) { return {c.workload, std::string(c["backend"])}; }

double fastest(const std::vector<double>& samples) { return *std::min_element(samples.begin(), samples.end()); }

// Why a pair says nothing about speed, with the ruling for the case; nothing if both sides were timed.
std::optional<std::pair<Ruling, std::string>> obstacle(const PairResult& pair) {
  if (pair.head.status == Status::incorrect && pair.base.status == Status::ok) {
    return std::pair(Ruling::incorrect, pair.head.reason);
  }
  for (const auto& [side, name] : {std::pair(&pair.base, "base"), std::pair(&pair.head, "head")}) {
    if (side->status != Status::ok) {
      return std::pair(Ruling::missing, fmt::format("{} is {}: {}", name, name_of(side->status), side->reason));
    }
  }
  return std::nullopt;
}

bool unsupported_on_both(const PairResult& pair) {
  return pair.base.status == Status::unsupported && pair.head.status == Status::unsupported;
}

class Gate {
 public:
  Gate(const Build& base, const Build& head, const GateOptions& options)
      : options_(options), base_(base), head_(head), runner_(base.folder, head.folder, options.pairs, options.seed) {
    result_.base = {base.name, base.revision};
    result_.head = {head.name, head.revision};
    result_.threads = options.pairs.threads;
    result_.threshold = options.rule.threshold;
    result_.strict = options.strict;
    result_.started = utc_now();
  }

  Comparison run(const std::atomic<bool>& interrupted, const std::function<void(const Progress&)>& progress) {
    choose_cases();
    recognise_identical_code();
    measure(interrupted, progress);
    conclude();
    return std::move(result_);
  }

 private:
  // A case being measured: its position in the result, and in the schedule.
  struct Measured {
    Case c;
    std::size_t place;
  };

  void choose_cases() {
    cases_ = cross(options_.cases, usable_backends());
    if (options_.backends.empty()) {
      drop_unoffered(cases_, [this](const std::string& backend, const std::string& workload) {
        return offers_nothing(backend, workload);
      });
    }
    for (const auto& c : cases_) result_.cases.emplace_back().text = c.text();
    if (cases_.empty()) throw CaseError("no case can run in either build; see whygpu list");
  }

  // Backends that run on at least one side; stores the device kind of each.
  std::vector<std::string> usable_backends() {
    std::set<std::string> names;
    for (const Build* build : {&base_, &head_}) {
      for (const auto& name : modules_of(*build)) names.insert(name);
    }
    if (!options_.backends.empty()) {
      for (const auto& name : known_backends()) names.insert(name);
      refuse_unknown_backends(options_.backends, {names.begin(), names.end()});
      names = {options_.backends.begin(), options_.backends.end()};
    }
    std::vector<std::string> usable;
    for (const auto& name : names) {
      const std::string& workload = options_.cases.front().workload;
      const BackendProbe* usable_probe = &probe(base_, name, workload);
      if (!usable_probe->usable()) usable_probe = &probe(head_, name, workload);
      if (!usable_probe->usable()) {
        result_.notes.push_back(fmt::format("backend {} cannot run here in either build", name));
        continue;
      }
      if (options_.backends.empty() && usable_probe->on_cpu_opencl()) {
        result_.notes.push_back(fmt::format("backend {} is left out: {} checks code; --backend compares it", name,
                                            usable_probe->device->name));
        continue;
      }
      kinds_.insert_or_assign(name, usable_probe->device->kind);
      if (usable_probe->on_accelerator()) {
        result_.devices.push_back({name, usable_probe->device->kind.text(), usable_probe->device->name});
      }
      usable.push_back(name);
    }
    return usable;
  }

  // The backend's description in that build, probed once.
  const BackendProbe& probe(const Build& build, const std::string& backend, const std::string& workload) {
    const auto [found, is_new] = probes_.try_emplace({&build, backend, workload});
    if (is_new) {
      const ProbeSettings settings{build.folder, options_.pairs.threads, options_.pairs.device};
      found->second = probe_backend(settings, backend, workload, options_.pairs.environment);
    }
    return found->second;
  }

  // Whether every build that has both worker and backend reports that the backend does not support the workload.
  bool offers_nothing(const std::string& backend, const std::string& workload) {
    bool asked = false;
    for (const Build* build : {&base_, &head_}) {
      const auto modules = modules_of(*build);
      if (std::ranges::find(modules, backend) == modules.end() || !fs::exists(build->folder / workload)) continue;
      const BackendProbe& answer = probe(*build, backend, workload);
      if (!answer.usable() || !answer.offers_nothing()) return false;
      asked = true;
    }
    return asked;
  }

  void recognise_identical_code() {
    const CodeHashes base(base_), head(head_);
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      CaseComparison& c = result_.cases[i];
      c.base_code = base.of(cases_[i]);
      c.head_code = head.of(cases_[i]);
      if (!c.base_code.empty() && c.base_code == c.head_code && !options_.measure_identical) {
        c.judgement.ruling = Ruling::same;
        c.judgement.reason = "identical code, not measured";
      } else if (c.base_code.empty() || c.head_code.empty()) {
        const bool neither = c.base_code.empty() && c.head_code.empty();
        c.judgement.ruling = Ruling::missing;
        c.judgement.reason = fmt::format("no worker or backend for it in {}", neither               ? "either build"
                                                                              : c.base_code.empty() ? "base"
                                                                                                    : "head");
      } else {
        measured_.push_back({cases_[i], i});
      }
    }
  }

  void measure(const std::atomic<bool>& interrupted, const std::function<void(const Progress&)>& progress) {
    schedule_.emplace(measured_.size(), options_.rule, options_.seed);
    const auto start = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    std::size_t pairs = 0;
    while (!interrupted && elapsed() < options_.budget_seconds) {
      const auto next = schedule_->next();
      if (!next) return;
      const auto unit = unit_of(*next);
      std::vector<Case> cases;
      for (const std::size_t i : unit) cases.push_back(measured_[i].c);
      const auto results = runner_.run(cases);
      if (interrupted) break;  // the workers may have been interrupted too
      for (std::size_t i = 0; i < unit.size(); ++i) take(unit[i], results[i]);
      pairs += unit.size();

      Progress where{measured_[*next].c.text(), static_cast<int>(result_.cases[measured_[*next].place].pairs.size())};
      where.cases = measured_.size();
      for (std::size_t i = 0; i < measured_.size(); ++i) {
        where.measured += result_.cases[measured_[i].place].pairs.empty() ? 0 : 1;
        where.settled += schedule_->wants_pair(i) ? 0 : 1;
      }
      where.elapsed_seconds = elapsed();
      const double left = static_cast<double>(schedule_->pairs_left()) * elapsed() / static_cast<double>(pairs);
      where.left_seconds = std::min(left, std::max(0.0, options_.budget_seconds - elapsed()));
      progress(where);
    }
    result_.notes.push_back(interrupted ? "interrupted before every case was judged"
                                        : fmt::format("the budget of {:g} s was spent before every case was judged",
                                                      options_.budget_seconds));
  }

  // Cases that share a pair of processes with this one: on accelerators all unfinished cases of the family, so
  // that the context is created only once.
  std::vector<std::size_t> unit_of(std::size_t index) const {
    const Family family = family_of(measured_[index].c);
    if (kinds_.at(family.second) == RecordedDevice::cpu) return {index};
    std::vector<std::size_t> unit;
    for (std::size_t i = 0; i < measured_.size(); ++i) {
      if (schedule_->wants_pair(i) && family_of(measured_[i].c) == family) unit.push_back(i);
    }
    return unit;
  }

  void take(std::size_t index, const PairResult& pair) {
    CaseComparison& c = result_.cases[measured_[index].place];
    if (const auto problem = obstacle(pair)) {
      schedule_->drop(index);
      // Cases that neither build supports are not losses.
      if (unsupported_on_both(pair)) left_out_.insert(measured_[index].place);
      c.judgement.ruling = problem->first;
      c.judgement.reason = problem->second;
      return;
    }
    c.pairs.push_back({pair.started, pair.head_first, pair.base.samples_ns, pair.head.samples_ns});
    schedule_->add(index, c.pairs.back().log_ratio());
  }

  void conclude() {
    for (std::size_t i = 0; i < measured_.size(); ++i) {
      CaseComparison& c = result_.cases[measured_[i].place];
      if (c.judgement.ruling != Ruling::undecided || !c.judgement.reason.empty()) continue;
      c.judgement = schedule_->judge(i);
      std::vector<double> base, head;
      for (const Pair& pair : c.pairs) {
        base.push_back(fastest(pair.base_ns));
        head.push_back(fastest(pair.head_ns));
      }
      if (!base.empty()) c.base_ns = median(base), c.head_ns = median(head);
    }
    if (!left_out_.empty()) {
      result_.notes.push_back(fmt::format("{} of {} cases are unsupported in both builds and left out",
                                          left_out_.size(), result_.cases.size()));
    }
    for (auto place = left_out_.rbegin(); place != left_out_.rend(); ++place) {
      result_.cases.erase(result_.cases.begin() + static_cast<std::ptrdiff_t>(*place));
    }
    result_.finished = utc_now();
    result_.context = google_benchmark_context("whygpu gate");
    result_.environment = environment_record();
    result_.machine = machine_fingerprint(*result_.environment, accelerators());
  }

  std::vector<std::string> accelerators() const {
    std::vector<std::string> names;
    for (const auto& [backend, kind] : kinds_) {
      if (kind != RecordedDevice::cpu && kind != RecordedDevice::cpu_opencl)
        names.push_back(backend + " on " + kind.text());
    }
    return names;
  }

  const GateOptions& options_;
  const Build& base_;
  const Build& head_;
  PairRunner runner_;
  Comparison result_;
  std::vector<Case> cases_;                                // same order as in result_
  std::map<std::string, OpenEnum<RecordedDevice>> kinds_;  // by backend
  std::map<std::tuple<const Build*, std::string, std::string>, BackendProbe> probes_;
  std::vector<Measured> measured_;
  std::optional<GateSchedule> schedule_;
  std::set<std::size_t> left_out_;
};

}  // namespace

Comparison run_gate(const Build& base, const Build& head, const GateOptions& options,
                    const std::atomic<bool>& interrupted, const std::function<void(const Progress&)>& progress) {
  if (options.cases.empty()) throw CaseError("a gate needs at least one case");
  return Gate(base, head, options).run(interrupted, progress);
}

std::vector<std::string> unfair_conditions(const Build& base, const Build& head, const GateOptions& options) {
  auto findings = cpu_findings(cpu_facts(), cpu_quota(), options.pairs.threads);
  std::ranges::copy(load_findings(observe_load()), std::back_inserter(findings));
  if (!dispatch_variables().empty()) {
    const std::string& workload = options.cases.front().workload;
    for (const Build* build : {&base, &head}) {
      const ProbeSettings settings{build->folder, options.pairs.threads, options.pairs.device};
      std::vector<BackendRecord> backends;
      for (const auto& name : options.backends.empty() ? modules_of(*build) : options.backends)
        backends.push_back(probe_backend(settings, name, workload));
      std::ranges::copy(dispatch_findings(backends, settings, workload), std::back_inserter(findings));
    }
  }
  std::vector<std::string> notes;
  for (const auto& finding : findings) {
    const std::string note = finding.what + "; " + finding.remedy;
    if (finding.serious && std::ranges::find(notes, note) == notes.end()) notes.push_back(note);
  }
  return notes;
}

}  // namespace whygpu
