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

// A case made of stretches of recorded pairs of one recorded case. Which build was called base is drawn anew for each
// stretch: both are the same.
class Resampled {
 public:
  Resampled(const std::vector<double>& recorded, std::mt19937_64& random) : recorded_(&recorded), random_(&random) {}

  double next() {
    if (left_ == 0) {
      left_ = 5;
      place_ = (*random_)() % recorded_->size();
      sign_ = (*random_)() >> 63 != 0 ? 1 : -1;
    }
    --left_;
    return sign_ * (*recorded_)[place_++ % recorded_->size()];
  }

 private:
  const std::vector<double>* recorded_;
  std::mt19937_64* random_;
  std::size_t left_ = 0, place_ = 0;
  double sign_ = 1;
};

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
  constexpr std::size_t kCases = 200, kFewestPairs = 6;
  std::vector<std::vector<double>> recorded;
  for (const auto& file : files) {
    for (const auto& c : load_comparisons(file).front().cases) {
      if (auto d = log_ratios(c); d.size() >= kFewestPairs) recorded.push_back(std::move(d));
    }
  }
  if (recorded.empty()) throw std::runtime_error("no recorded case has six pairs");
  std::mt19937_64 random(seed);
  fmt::print(
      "{} suites of {} cases, put together from {} recorded cases.\n\n"
      "| added | suites with some alarm | found, scatter under 3% | found, the rest | mean pairs "
      "|\n|---|---|---|---|---|\n",
      suites, kCases, recorded.size());
  for (const double slowdown : {0.0, 0.1, 0.2}) {
    double with_alarm = 0, pairs = 0, found[2] = {}, total[2] = {};
    for (std::size_t suite = 0; suite < suites; ++suite) {
      std::vector<Resampled> sources;
      std::vector<bool> noisy;
      for (std::size_t i = 0; i < kCases; ++i) {
        const auto& source = recorded[random() % recorded.size()];
        sources.emplace_back(source, random);
        noisy.push_back(scatter(source) >= 0.03);
      }
      const GateSettings within_40{.most_pairs = 40, .most_suspect_pairs = 40};
      const auto judgements = sequential_gate(
          kCases, slowdown > 0 ? within_40 : GateSettings{},
          [&](std::size_t i) { return sources[i].next() + std::log1p(slowdown); }, random());
      bool alarm = false;
      for (std::size_t i = 0; i < kCases; ++i) {
        alarm |= is_alarm(judgements[i]);
        found[noisy[i]] += judgements[i].ruling == Ruling::slower;
        ++total[noisy[i]];
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
               with_alarm, share(0), share(1), pairs / static_cast<double>(suites * kCases));
  }
}

}  // namespace whygpu
