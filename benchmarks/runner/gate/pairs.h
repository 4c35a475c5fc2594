// Pairs of short worker processes: one of each build, back to back, in random order. Pairs 0.2 s apart have half the
// spread of pairs 7 s apart; both at once is worse on few cores.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
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
  double sample_seconds = 0.03;  // sampling time of a case in one process
  double timeout_seconds = 60;   // silence after which a worker counts as hung
  EnvironmentChanges environment = {};
};

// What one process said about one case.
struct SideResult {
  Status status = Status::failed;
  std::string reason = "the worker did not come to it";
  std::vector<double> samples_ns;  // of one operation; not empty when ok
};

struct PairResult {
  std::string started;
  bool head_first = false;
  SideResult base, head;
};

// Runs the worker in `folder` once for `cases`, which share workload and backend; one result a case, in their order.
// A folder without that worker makes every case unsupported.
std::vector<SideResult> run_side(const std::filesystem::path& folder, std::span<const Case> cases,
                                 const PairSettings& settings);

class PairRunner {
 public:
  // Both folders hold worker programs and `backends/`.
  PairRunner(std::filesystem::path base, std::filesystem::path head, PairSettings settings, std::uint64_t seed);

  // One pair; `cases` share workload and backend, and a process on each side. One result a case, in their order.
  std::vector<PairResult> run(std::span<const Case> cases);

 private:
  std::filesystem::path base_, head_;
  PairSettings settings_;
  std::mt19937_64 random_;
};

}  // namespace whygpu
