// Rounds of fresh worker processes: each visits every (backend, workload, ranks) once, in shuffled order, so that drift
// of the machine affects all backends alike. Cases that are settled or not ok drop out.
//
// The first round serves whoever stops early: the cheapest case of every group, then the groups in the order of its
// time, each with its cheap cases first.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "benchmarks/runner/run_state.h"

namespace whygpu {

// State of the run after each case.
struct Progress {
  std::string case_text;
  int round = 1;
  std::size_t cases = 0;
  std::size_t measured = 0;  // has a round, or ended with a status other than ok
  std::size_t settled = 0;
  double elapsed_seconds = 0;
  double left_seconds = 0;  // estimate
};

class Rounds {
 public:
  using Recorder = std::function<void(const WorkerRecord&)>;

  // `record` is called with each record to store, before it is applied to the state; it may throw to end the run.
  Rounds(RunState& state, RunSettings settings, std::filesystem::path worker_folder, Recorder record,
         std::function<void(const Progress&)> progress);

  // Called after each round; its time counts towards the budget.
  void after_each_round(std::function<void()> call) { after_round_ = std::move(call); }

  // Runs until all cases are finished, the budget is spent or `interrupted` is set. Returns false if interrupted.
  bool run(const std::atomic<bool>& interrupted);

 private:
  // The cases that a process measures one after another.
  struct Group {
    std::string backend, workload;
    int ranks = 1;
    auto operator<=>(const Group&) const = default;
  };
  static Group group_of(const CaseRecord& result);

  bool active(const CaseRecord& result) const;
  std::vector<CaseRecord*> active_cases(const Group& group);
  std::vector<Group> active_groups();
  int next_round() const;
  double elapsed() const;
  bool out_of_budget() const;
  std::chrono::duration<double> patience() const;  // with the worker's next line
  std::vector<Group> first_visits(std::vector<Group> groups);
  void visit(const Group& group, int round, std::size_t most);
  void run_worker(const Group& group, int round, std::vector<CaseRecord*>& waiting);
  void take(WorkerRecord record, int round);
  void report(const std::string& case_text, int round);

  RunState& state_;
  RunSettings settings_;
  std::filesystem::path worker_folder_;
  Recorder record_;
  std::function<void(const Progress&)> progress_;
  std::function<void()> after_round_;
  std::set<std::string> crashed_;  // backends
  std::mt19937_64 shuffle_;
  const std::atomic<bool>* interrupted_ = nullptr;
  double start_ = 0;
  double visited_seconds_ = 0;  // spent in visits to cases
  std::size_t visits_ = 0;
};

}  // namespace whygpu
