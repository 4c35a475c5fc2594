#include "benchmarks/runner/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "backends/loader.h"
#include "benchmarks/cases/case.h"
#include "benchmarks/cases/nearest.h"
#include "benchmarks/runner/skipped_backends.h"
#include "benchmarks/worker/worker_options.h"
#include "reports/results/codec.h"

namespace whygpu {
namespace {

constexpr std::chrono::seconds kAnswerTimeout{30};
constexpr std::string_view kFirst = "openblas";  // the usual baseline, and so the first column of a table

// (name, reason) of the backends excluded from the build.
std::vector<std::pair<std::string, std::string>> skipped_backends() {
  std::vector<std::pair<std::string, std::string>> skipped;
  std::istringstream lines(kSkippedBackends);
  for (std::string line; std::getline(lines, line);) {
    const auto tab = line.find('\t');
    if (tab != std::string::npos) skipped.emplace_back(line.substr(0, tab), line.substr(tab + 1));
  }
  return skipped;
}

}  // namespace

bool BackendProbe::offers_nothing() const {
  return !support.empty() && std::ranges::none_of(support, &SupportRecord::yes);
}

BackendProbe probe_backend(const ProbeSettings& settings, const std::string& name, const std::string& workload,
                           const EnvironmentChanges& environment) {
  BackendProbe probe;
  std::string reason;
  bool crashed = false;
  WorkerOptions options;
  options.backend = name;
  options.threads = settings.threads;
  options.device = settings.device;
  options.describe = true;
  ChildProcess worker(settings.worker_folder / workload, worker_arguments(options), environment);
  std::string line;
  for (;;) {
    const auto event = worker.next_line(line, kAnswerTimeout);
    if (event == ChildProcess::Event::interrupted) continue;
    if (event == ChildProcess::Event::timeout) {
      worker.kill();
      reason = "no answer within 30 s";
      crashed = true;
    }
    if (event != ChildProcess::Event::line) break;
    std::optional<WorkerRecord> record;
    try {
      record = parse_worker_record(line);
    } catch (const ResultFileError& error) {
      reason = error.what();
    }
    if (!record) continue;
    if (const auto* backend = std::get_if<BackendRecord>(&*record)) static_cast<BackendRecord&>(probe) = *backend;
    if (const auto* support = std::get_if<SupportRecord>(&*record)) probe.support.push_back(*support);
  }
  const std::string ending = worker.wait();
  crashed = crashed || ending.starts_with("signal");
  if (!ending.empty() && reason.empty()) {
    reason = worker.last_error_line();
    // Remove the worker's name, which says nothing about the backend.
    if (const std::string prefix = workload + ": "; reason.starts_with(prefix)) reason.erase(0, prefix.size());
    if (reason.empty()) reason = "worker ended with " + ending;
  }
  if (reason.empty() && !probe.usable() && probe.reason.empty()) {
    reason = "its worker wrote no readable description: does the module write to descriptors that it did not open?";
  }
  if (!reason.empty()) static_cast<BackendRecord&>(probe) = {.reason = reason, .crashed = crashed};
  probe.name = name;
  return probe;
}

std::optional<std::string> why_left_out(const std::string& name) {
  if (find_modules().count(name) != 0) return std::nullopt;
  for (const auto& [skipped, reason] : skipped_backends()) {
    if (skipped == name) return reason;
  }
  return std::nullopt;
}

std::vector<std::string> known_backends() {
  std::vector<std::string> names;
  for (const auto& [name, file] : find_modules()) names.push_back(name);
  for (const auto& [name, reason] : skipped_backends()) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::ranges::stable_partition(names, [](const std::string& name) { return name == kFirst; });
  return names;
}

void refuse_unknown_backends(const std::vector<std::string>& names, const std::vector<std::string>& known) {
  for (const auto& name : names) {
    if (std::ranges::find(known, name) == known.end())
      throw CaseError(fmt::format("no backend \"{}\"; {}", name, suggest(name, known)));
  }
}

std::vector<BackendProbe> probe_backends(const std::vector<std::string>& names, const ProbeSettings& settings,
                                         const std::string& workload) {
  const auto known = known_backends();
  refuse_unknown_backends(names, known);
  std::vector<BackendProbe> probes;
  for (const auto& name : names.empty() ? known : names) {
    if (const auto left_out = why_left_out(name)) {
      probes.push_back({{.name = name, .reason = "not built: " + *left_out}, {}});
    } else {
      probes.push_back(probe_backend(settings, name, workload));
    }
  }
  return probes;
}

}  // namespace whygpu
