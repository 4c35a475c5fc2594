// Compares what a backend or a worker takes with what a bare loop over the library takes: both in one process, in
// back-to-back pairs in random order. Prints the ratio of the former to the latter: the median over the pairs and its
// 95% interval.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
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

// A trial with inputs: an operation on memory that was never written reads one page of zeros again and again.
inline std::unique_ptr<Trial> loaded_trial(const Case& c, Backend& backend) {
  const Workload& workload = find_workload(c.workload);
  if (const Support support = workload.supports(c, backend); !support) {
    throw std::runtime_error(c.text() + ": " + support.reason);
  }
  auto trial = workload.prepare(c, backend);
  trial->load(1);
  return trial;
}

// Each call returns the seconds of one operation, or of several kinds of them: one value a label.
using Seconds = std::function<std::vector<double>()>;

inline void compare_seconds(const std::vector<std::string>& labels, const std::string& implementation,
                            const Seconds& trial, const Seconds& bare, int pairs = kPairs) {
  Random random(1);
  std::vector<std::vector<double>> ratios(labels.size()), bare_seconds(labels.size());
  for (int pair = 0; pair < pairs; ++pair) {
    const bool trial_first = random.below(2) == 0;
    const auto first = trial_first ? trial() : bare();
    const auto second = trial_first ? bare() : trial();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      ratios[i].push_back(trial_first ? first.at(i) / second.at(i) : second.at(i) / first.at(i));
      bare_seconds[i].push_back(trial_first ? second[i] : first[i]);
    }
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Interval interval = median_interval(ratios[i]).value();
    fmt::print("{:.3f} [{:.3f}, {:.3f}]  {:9.1f} us  {:22} {}\n", median(ratios[i]), interval.low, interval.high,
               1e6 * median(bare_seconds[i]), implementation, labels[i]);
  }
  std::fflush(stdout);
}

// Times batches of both by CPU time by default, since both compute the same and other load must not count.
template <class Trial, class Bare>
void compare_pairs(const std::string& label, const std::string& implementation, Trial&& run_trial, Bare&& run_bare,
                   SecondsNow now = process_cpu_seconds) {
  const auto seconds = [now](std::int64_t count, auto& run) {
    const double start = now();
    for (std::int64_t i = 0; i < count; ++i) run();
    return (now() - start) / static_cast<double>(count);
  };
  seconds(2, run_trial);
  const double each = std::min(seconds(1, run_bare), seconds(1, run_bare));
  const auto batch = static_cast<std::int64_t>(1 + kBatchSeconds / each);
  compare_seconds(
      {label}, implementation, [&] { return std::vector{seconds(batch, run_trial)}; },
      [&] { return std::vector{seconds(batch, run_bare)}; });
}

// The command line `[threads] [case …]` for `compare`, with default cases.
inline int compare_main(const std::string& name, std::vector<std::string> lines,
                        const std::function<void(const Case&, LoadedBackend&)>& compare, int argc, char** argv) {
  try {
    const int threads = argc > 1 ? std::stoi(argv[1]) : 1;
    LoadedBackend backend(find_modules().at(name), {threads, 0});
    if (argc > 2) lines.assign(argv + 2, argv + argc);
    fmt::print("{}, {} threads; time of the backend over that of the bare loop, time of the bare loop\n",
               backend->version(), threads);
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
