// Compares a backend with a bare loop over its library's call: both in one process, in back-to-back pairs in random
// order. Prints the ratio of the backend's time to that of the bare loop: the median over the pairs and its 95%
// interval. Uses CPU time by default, since both compute the same and other load must not count.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "backends/loader.h"
#include "benchmarks/oracles/random_input.h"
#include "benchmarks/worker/measurement.h"
#include "benchmarks/workloads/workload.h"
#include "reports/results/statistics.h"

namespace whygpu {

inline constexpr int kPairs = 75;
inline constexpr double kBatchSeconds = 0.01;

using SecondsNow = double (*)();

inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Trial, class Bare>
void compare_pairs(const std::string& label, const std::string& implementation, Trial&& run_trial, Bare&& run_bare,
                   SecondsNow now = process_cpu_seconds) {
  const auto seconds = [now](std::int64_t count, auto& run) {
    const double start = now();
    for (std::int64_t i = 0; i < count; ++i) run();
    return now() - start;
  };
  seconds(2, run_trial);
  const double each = std::min(seconds(1, run_bare), seconds(1, run_bare));
  const auto batch = static_cast<std::int64_t>(1 + kBatchSeconds / each);
  Random random(1);
  std::vector<double> ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    const bool trial_first = random.below(2) == 0;
    const double first = trial_first ? seconds(batch, run_trial) : seconds(batch, run_bare);
    const double second = trial_first ? seconds(batch, run_bare) : seconds(batch, run_trial);
    ratios.push_back(trial_first ? first / second : second / first);
  }
  const Interval interval = median_interval(ratios).value();
  fmt::print("{:.3f} [{:.3f}, {:.3f}]  {:9.1f} us  {:22} {}\n", median(ratios), interval.low, interval.high, 1e6 * each,
             implementation, label);
  std::fflush(stdout);
}

// The command line `[threads] [case …]` for `compare`, with default cases.
inline int compare_main(const std::string& name, std::vector<std::string> lines,
                        const std::function<void(const Case&, LoadedBackend&)>& compare, int argc, char** argv) {
  try {
    const int threads = argc > 1 ? std::stoi(argv[1]) : 1;
    LoadedBackend backend(find_modules().at(name), {threads, 0});
    if (argc > 2) lines.assign(argv + 2, argv + argc);
    fmt::print("{}, {} threads, {} pairs; time of the backend over that of the bare loop\n", backend->version(),
               threads, kPairs);
    for (const auto& line : lines) {
      for (const Case& c : parse_cases(line)) compare(c, backend);
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return 1;
  }
}

}  // namespace whygpu
