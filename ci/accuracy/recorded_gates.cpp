#include <fmt/format.h>

#include <cmath>
#include <map>
#include <random>
#include <stdexcept>

#include "ci/accuracy/commands.h"
#include "ci/accuracy/gate_trial.h"
#include "reports/regression/comparison.h"
#include "reports/regression/paired.h"

namespace whygpu {
namespace {

std::vector<double> log_ratios(const CaseComparison& c) {
  std::vector<double> d;
  for (const Pair& pair : c.pairs) d.push_back(pair.log_ratio());
  return d;
}

// Classes of scatter, as the accuracy goals name them.
const char* class_of(double scatter) {
  return scatter < 0.01 ? "under 1%" : scatter < 0.03 ? "1% to 3%" : "3% and more";
}

// All pairs of equal builds that were recorded for one case and thread count, in the order of time: the pairs of a
// resampled case are a stretch of them, begun anywhere, and which build is called base is drawn for the whole stretch.
using Recording = std::vector<double>;

std::vector<Recording> recordings(const std::vector<std::string>& files) {
  constexpr std::size_t kFewestPairs = 40;
  std::map<std::pair<std::string, int>, Recording> by_case;
  for (const auto& file : files) {
    for (const auto& comparison : load_comparisons(file)) {
      for (const auto& c : comparison.cases) {
        const auto d = log_ratios(c);
        auto& recording = by_case[{c.text, comparison.threads}];
        recording.insert(recording.end(), d.begin(), d.end());
      }
    }
  }
  std::vector<Recording> long_enough;
  for (auto& [key, recording] : by_case) {
    if (recording.size() >= kFewestPairs) long_enough.push_back(std::move(recording));
  }
  if (long_enough.empty()) throw std::runtime_error("no case has 40 recorded pairs: more gates are needed");
  return long_enough;
}

}  // namespace

void tabulate_gates(const std::vector<std::string>& files, double injected) {
  struct Row {
    std::map<Ruling, int> rulings;
    int close = 0, within_40 = 0;
    double pairs = 0;
  };
  std::map<std::string, Row> rows;
  int with_alarm = 0, cases = 0;
  for (const auto& file : files) {
    const Comparison comparison = load_comparisons(file).front();
    bool alarm = false;
    for (const auto& c : comparison.cases) {
      if (c.pairs.size() < 2) continue;
      Row& row = rows[class_of(scatter(log_ratios(c)))];
      ++row.rulings[c.judgement.ruling];
      row.pairs += static_cast<double>(c.judgement.pairs);
      const bool slower = c.judgement.ruling == Ruling::slower;
      row.within_40 += slower && c.judgement.pairs <= 40;
      row.close += slower && std::fabs(percent(*c.judgement.change) - percent(injected)) <= 0.5;
      alarm |= is_alarm(c.judgement);
      ++cases;
    }
    with_alarm += alarm;
  }
  fmt::print(
      "Truth: {}. {} gates, {} cases; some alarm in {} gates.\n\n"
      "| pair scatter | slower | of these within 40 pairs | size within 0.5 points | faster | same | undecided | mean "
      "pairs |\n"
      "|---|---|---|---|---|---|---|---|\n",
      injected == 0 ? "equal builds" : "every case " + percent_text(injected), files.size(), cases, with_alarm);
  for (auto& [name, row] : rows) {
    double total = 0;
    for (const auto& [ruling, count] : row.rulings) total += count;
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {:.1f} |\n", name, row.rulings[Ruling::slower], row.within_40,
               row.close, row.rulings[Ruling::faster], row.rulings[Ruling::same], row.rulings[Ruling::undecided],
               row.pairs / total);
  }
}

void resample_gates(const std::vector<std::string>& files, std::size_t suites, std::uint64_t seed) {
  constexpr std::size_t kCases = 200;
  const auto recorded = recordings(files);
  std::mt19937_64 random(seed);
  fmt::print(
      "{} suites of {} cases from the recorded pairs of {} cases.\n\n"
      "| added | suites with some alarm | found, scatter under 3% | found, the rest | mean pairs |\n"
      "|---|---|---|---|---|\n",
      suites, kCases, recorded.size());
  for (const double slowdown : {0.0, 0.1, 0.2}) {
    struct Stretch {
      const Recording* recording;
      std::size_t next;
      double sign;
    };
    double with_alarm = 0, pairs = 0, found[2] = {}, total[2] = {};
    for (std::size_t suite = 0; suite < suites; ++suite) {
      std::vector<Stretch> stretches;
      for (std::size_t i = 0; i < kCases; ++i) {
        const Recording& recording = recorded[random() % recorded.size()];
        stretches.push_back({&recording, random() % recording.size(), random() >> 63 != 0 ? 1.0 : -1.0});
      }
      const auto pair = [&](std::size_t i) {
        Stretch& stretch = stretches[i];
        return stretch.sign * (*stretch.recording)[stretch.next++ % stretch.recording->size()] + std::log1p(slowdown);
      };
      const GateSettings within_40{.most_pairs = 40, .most_suspect_pairs = 40};
      const auto judgements = sequential_gate(kCases, slowdown > 0 ? within_40 : GateSettings{}, pair, random());
      bool alarm = false;
      for (std::size_t i = 0; i < kCases; ++i) {
        const bool noisy = scatter(*stretches[i].recording) >= 0.03;
        alarm |= is_alarm(judgements[i]);
        found[noisy] += judgements[i].ruling == Ruling::slower;
        ++total[noisy];
        pairs += static_cast<double>(judgements[i].pairs);
      }
      with_alarm += alarm;
    }
    const auto share = [&](int noisy) {
      if (slowdown == 0) return std::string();
      return total[noisy] == 0 ? std::string("no such case")
                               : fmt::format("{:.1f}%", 100 * found[noisy] / total[noisy]);
    };
    fmt::print("| {} | {} | {} | {} | {:.1f} |\n", slowdown == 0 ? "nothing" : percent_text(std::log1p(slowdown)),
               slowdown == 0 ? fmt::format("{:g}", with_alarm) : "", share(0), share(1),
               pairs / static_cast<double>(suites * kCases));
  }
}

}  // namespace whygpu
