#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <random>
#include <span>
#include <stdexcept>

#include "ci/accuracy/commands.h"
#include "ci/accuracy/gate_trial.h"
#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/statistics/paired.h"

namespace whygpu {
namespace {

std::vector<double> log_ratios(const CaseComparison& c) {
  std::vector<double> d;
  for (const Pair& pair : c.pairs) d.push_back(pair.log_ratio());
  return d;
}

// Classes of pair scatter.
enum class Scatter { under_1_percent, to_3_percent, more };
constexpr std::array<const char*, 3> kScatterNames = {"under 1%", "1% to 3%", "3% and more"};

Scatter class_of(std::span<const double> d) {
  const double value = scatter(d);
  return value < 0.01 ? Scatter::under_1_percent : value < 0.03 ? Scatter::to_3_percent : Scatter::more;
}

const char* name_of(Scatter scatter) { return kScatterNames[static_cast<std::size_t>(scatter)]; }

constexpr std::size_t kCases = 200;       // of a resampled suite
constexpr std::size_t kFewestPairs = 40;  // of a recording; also used to estimate the scatter of a stretch

// All recorded pairs of equal builds for one case and thread count, in order of time. A resampled case takes a stretch
// of them with a random start, and a random build as base.
using Recording = std::vector<double>;

std::vector<Recording> recordings(const std::vector<std::string>& files) {
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
  if (long_enough.empty()) throw std::runtime_error("no case has 40 recorded pairs: record more gates");
  return long_enough;
}

struct Judged {
  std::vector<double> log_ratios;
  Judgement judgement;
  bool ran_out = false;  // the rule needs more pairs
};

// Judges the cases of a recorded gate by the current rule, pair by pair until it settles or the recorded pairs end.
std::vector<Judged> judged_again(const Comparison& comparison) {
  std::vector<Judged> cases;
  for (const auto& c : comparison.cases) {
    if (c.pairs.size() >= 2) cases.push_back({log_ratios(c), {}});
  }
  GateSchedule schedule(comparison.cases.size(), {.threshold = comparison.threshold}, 1);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (std::size_t pair = 0; pair < cases[i].log_ratios.size() && schedule.wants_pair(i); ++pair)
      schedule.add(i, cases[i].log_ratios[pair]);
    cases[i].judgement = schedule.judge(i);
    cases[i].ran_out = schedule.wants_pair(i);
  }
  return cases;
}

class Resampling {
 public:
  struct Outcome {
    std::map<Scatter, Tally> by_class;
    std::size_t suites_with_alarm = 0;
  };

  Resampling(std::vector<Recording> recorded, std::size_t suites, std::uint64_t seed)
      : recorded_(std::move(recorded)), suites_(suites), seed_(seed) {}

  // Suites of kCases cases, each slower by `slowdown`; every call uses the same stretches of the recordings.
  Outcome run(double slowdown, const GateSettings& settings) const {
    std::mt19937_64 random(seed_);
    Outcome outcome;
    for (std::size_t suite = 0; suite < suites_; ++suite) {
      std::vector<Stretch> stretches;
      std::vector<Scatter> classes;
      for (std::size_t i = 0; i < kCases; ++i) {
        const Recording& recording = recorded_[random() % recorded_.size()];
        stretches.push_back({&recording, random() % recording.size(), random() >> 63 != 0 ? 1.0 : -1.0});
      }
      const auto pair = [&](std::size_t i) { return stretches[i].take() + std::log1p(slowdown); };
      for (Stretch stretch : stretches) classes.push_back(class_of(stretch.take(kFewestPairs)));
      const auto judgements = sequential_gate(kCases, settings, pair, random());
      for (std::size_t i = 0; i < kCases; ++i) outcome.by_class[classes[i]].add(judgements[i], std::log1p(slowdown));
      outcome.suites_with_alarm += std::any_of(judgements.begin(), judgements.end(), is_alarm);
    }
    return outcome;
  }

 private:
  struct Stretch {
    const Recording* recording;
    std::size_t next;
    double sign;

    double take() { return sign * (*recording)[next++ % recording->size()]; }
    std::vector<double> take(std::size_t count) {
      std::vector<double> d(count);
      for (double& value : d) value = take();
      return d;
    }
  };

  std::vector<Recording> recorded_;
  std::size_t suites_;
  std::uint64_t seed_;
};

}  // namespace

void tabulate_gates(const std::vector<std::string>& files, double injected) {
  struct Row {
    std::map<Ruling, int> rulings;
    int close = 0, within_40 = 0, within_60 = 0, ran_out = 0;
    double pairs = 0;
  };
  std::map<Scatter, Row> rows;
  int with_alarm = 0, cases = 0;
  for (const auto& file : files) {
    bool alarm = false;
    for (const auto& [d, judgement, ran_out] : judged_again(load_comparisons(file).front())) {
      Row& row = rows[class_of(d)];
      ++(ran_out ? row.ran_out : row.rulings[judgement.ruling]);
      ++cases;
      if (ran_out) continue;
      row.pairs += static_cast<double>(judgement.pairs);
      const bool slower = judgement.ruling == Ruling::slower;
      row.within_40 += slower && judgement.pairs <= 40;
      row.within_60 += slower && judgement.pairs <= 60;
      row.close += found_to_size(judgement, injected);
      alarm |= is_alarm(judgement);
    }
    with_alarm += alarm;
  }
  fmt::print(
      "Truth: {}. {} gates, {} cases; alarms in {} gates.\n\n"
      "| pair scatter | slower | within 40 pairs | within 60 | size within 0.5 points | faster | same | undecided | "
      "record too short | mean pairs |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n",
      injected == 0 ? "equal builds" : "every case " + percent_text(injected), files.size(), cases, with_alarm);
  for (auto& [scatter, row] : rows) {
    double total = 0;
    for (const auto& [ruling, count] : row.rulings) total += count;
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.1f} |\n", name_of(scatter),
               row.rulings[Ruling::slower], row.within_40, row.within_60, row.close, row.rulings[Ruling::faster],
               row.rulings[Ruling::same], row.rulings[Ruling::undecided], row.ran_out, row.pairs / total);
  }
}

void resample_gates(const std::vector<std::string>& files, std::size_t suites, double rank_cap, std::uint64_t seed) {
  const auto recorded = recordings(files);
  const Resampling resampling(recorded, suites, seed);
  const GateSettings coarse{.most_pairs = 40, .most_suspect_pairs = 40, .rank_cap = rank_cap};
  const GateSettings fine{.threshold = 0.01, .most_pairs = 40, .most_suspect_pairs = 60, .rank_cap = rank_cap};
  fmt::print(
      "{} suites of {} cases from the recorded pairs of {} cases: alarms in {} suites with a threshold of 5%, in {} "
      "with 1%. Slowdowns added to the pairs:\n\n"
      "| added | threshold | within | pair scatter | found | of these, size within 0.5 points | mean pairs |\n"
      "|---|---|---|---|---|---|---|\n",
      suites, kCases, recorded.size(), resampling.run(0, {.rank_cap = rank_cap}).suites_with_alarm,
      resampling.run(0, fine).suites_with_alarm);
  const auto print_row = [](double slowdown, const GateSettings& settings, const char* scatter, const Tally& tally) {
    fmt::print("| +{:g}% | {:g}% | {} pairs | {} | {:.1f}% | {:.1f}% | {:.1f} |\n", 100 * slowdown,
               100 * settings.threshold, settings.most_suspect_pairs, scatter, tally.found_percent(),
               tally.close_percent(), tally.mean_pairs());
  };
  for (const auto& [slowdown, settings] : {std::pair(0.1, coarse), std::pair(0.2, coarse), std::pair(0.02, fine)}) {
    for (const auto& [scatter, tally] : resampling.run(slowdown, settings).by_class)
      print_row(slowdown, settings, name_of(scatter), tally);
  }
}

}  // namespace whygpu
