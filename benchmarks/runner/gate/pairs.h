// Pairs of short worker processes: one of each build, back to back, in random order. Pairs 0.2 s apart have half the
// spread of pairs 7 s apart; running both at once is worse on few cores.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/runner/child_process.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {

struct PairSettings {
  int threads = 1;
  int device = 0;
  double sample_seconds = 0.03;  // sampling time per case and process
  double timeout_seconds = 60;   // time without output after which a worker is killed
  EnvironmentChanges environment = {};
};

// Result of one case in one process.
struct SideResult {
  Status status = Status::failed;
  std::string reason = "not reached by the worker";
  std::vector<double> samples_ns;  // per operation; not empty if ok
};

struct PairResult {
  std::string started;
  bool head_first = false;
  SideResult base, head;
};

// Runs the worker in `folder` once for `cases`, which share workload and backend. Returns one result per case, in their
// order. If the folder lacks that worker, every case is unsupported.
std::vector<SideResult> run_side(const std::filesystem::path& folder, std::span<const Case> cases,
                                 const PairSettings& settings);

class PairRunner {
 public:
  // Both folders contain worker programs and `backends/`.
  PairRunner(std::filesystem::path base, std::filesystem::path head, PairSettings settings, std::uint64_t seed);

  // One pair for `cases`, which share workload and backend, with one process per side; one result per case, in order.
  std::vector<PairResult> run(std::span<const Case> cases);

 private:
  std::filesystem::path base_, head_;
  PairSettings settings_;
  std::mt19937_64 random_;
};

}  // namespace whygpu
