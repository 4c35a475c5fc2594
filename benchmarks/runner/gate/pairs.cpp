#include "benchmarks/runner/gate/pairs.h"

#include <fmt/format.h>

#include <chrono>
#include <map>

#include "benchmarks/runner/child_process.h"
#include "benchmarks/worker/records.h"
#include "benchmarks/worker/worker_options.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using Event = ChildProcess::Event;

// A build of any age may run here: of its records only what the gate needs is read.
SideResult side_result(const nlohmann::json& record) {
  SideResult result{
      value_named<Status>(record.value("status", "")).value_or(Status::failed), record.value("reason", ""), {}};
  if (result.status != Status::ok) return result;
  if (const auto round = record.find("round"); round != record.end()) {
    result.samples_ns = round->value("samples_ns", std::vector<double>{});
  }
  if (result.samples_ns.empty()) return {Status::failed, "the worker sent no samples", {}};
  return result;
}

std::string how_it_ended(ChildProcess& worker, Event last, double timeout_seconds) {
  if (last == Event::timeout) {
    worker.kill();
    worker.wait();
    return fmt::format("no answer for {:g} s, killed", timeout_seconds);
  }
  const std::string ending = worker.wait(), words = worker.last_error_line();
  return fmt::format("worker ended with {}{}{}", ending.empty() ? "exit status 0" : ending, words.empty() ? "" : ": ",
                     words);
}

}  // namespace

std::vector<SideResult> run_side(const fs::path& folder, std::span<const Case> cases, const PairSettings& settings) {
  std::vector<SideResult> results(cases.size());
  if (cases.empty()) return results;
  const fs::path program = folder / cases.front().workload;
  if (!fs::exists(program)) {
    for (auto& result : results)
      result = {Status::unsupported, "no worker " + cases.front().workload + " in this build", {}};
    return results;
  }
  WorkerOptions options;
  options.backend = cases.front()["backend"];
  options.threads = settings.threads;
  options.device = settings.device;
  options.sample_seconds = settings.sample_seconds;
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    options.cases.push_back(cases[i].text());
    index[cases[i].text()] = i;
  }

  ChildProcess worker(program, worker_arguments(options), settings.environment);
  std::string line;
  Event event = Event::end;
  while ((event = worker.next_line(line, std::chrono::duration<double>(settings.timeout_seconds))) != Event::end) {
    if (event == Event::timeout) break;
    if (event == Event::interrupted) continue;
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (!record.is_object() || record.value("event", "") != "end") continue;
    if (const auto found = index.find(record.value("case", "")); found != index.end()) {
      results[found->second] = side_result(record);
      index.erase(found);
    }
  }
  if (!index.empty()) {
    const std::string reason = how_it_ended(worker, event, settings.timeout_seconds);
    for (const auto& [text, i] : index) results[i].reason = reason;
  }
  return results;
}

PairRunner::PairRunner(fs::path base, fs::path head, PairSettings settings, std::uint64_t seed)
    : base_(std::move(base)), head_(std::move(head)), settings_(settings), random_(seed) {}

std::vector<PairResult> PairRunner::run(std::span<const Case> cases) {
  const bool head_first = (random_() >> 63) != 0;
  const std::string started = utc_now();
  const auto first = run_side(head_first ? head_ : base_, cases, settings_);
  const auto second = run_side(head_first ? base_ : head_, cases, settings_);
  std::vector<PairResult> results;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    results.push_back({started, head_first, head_first ? second[i] : first[i], head_first ? first[i] : second[i]});
  }
  return results;
}

}  // namespace whygpu
