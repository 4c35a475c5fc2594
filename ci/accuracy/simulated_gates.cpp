#include <fmt/format.h>

#include <array>
#include <cmath>
#include <random>

#include "ci/accuracy/commands.h"
#include "ci/accuracy/gate_trial.h"

namespace whygpu {
namespace {

// Scatter of a pair: normal, or with the tails of Student's t with 3 degrees of freedom, or normal with a noisy
// neighbour that changes one side of a tenth of the pairs by up to 60%.
enum class Noise { normal, heavy_tails, neighbour };
constexpr std::array<Noise, 3> kNoises = {Noise::normal, Noise::heavy_tails, Noise::neighbour};
constexpr std::array<const char*, 3> kNoiseNames = {"normal", "heavy tails", "neighbour"};

class Simulator {
 public:
  explicit Simulator(std::uint64_t seed) : random_(seed) {}

  double pair(Noise noise, double scatter) {
    switch (noise) {
      case Noise::normal: break;
      case Noise::heavy_tails: return scatter / kStudentScatter * student_(random_);
      case Noise::neighbour: {
        const double hit = uniform_(random_) < 0.1 ? 0.6 * (2 * uniform_(random_) - 1) : 0;
        return scatter * normal_(random_) + hit;
      }
    }
    return scatter * normal_(random_);
  }

  std::uint64_t seed() { return random_(); }

 private:
  static constexpr double kStudentScatter = 1.4826 * 0.7649;  // 1.4826 · MAD of Student's t with 3 degrees of freedom

  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::student_t_distribution<double> student_{3};
  std::uniform_real_distribution<double> uniform_;
};

using Rule = std::function<std::vector<Judgement>(std::size_t, const GateSettings&, const PairSource&)>;

struct Outcome {
  Tally tally;
  double gates_with_alarm = 0;
};

// Gates of `cases` cases with a slowdown of `slowdown` (log-ratio) each.
Outcome run_gates(Simulator& simulator, const Rule& rule, std::size_t gates, std::size_t cases,
                  const GateSettings& settings, Noise noise, double scatter, double slowdown) {
  Outcome outcome;
  for (std::size_t gate = 0; gate < gates; ++gate) {
    const auto judgements =
        rule(cases, settings, [&](std::size_t) { return simulator.pair(noise, scatter) + slowdown; });
    bool any = false;
    for (const auto& judgement : judgements) {
      any |= is_alarm(judgement);
      outcome.tally.add(judgement, slowdown);
    }
    outcome.gates_with_alarm += any;
  }
  return outcome;
}

}  // namespace

void simulate_gates(std::size_t gates, std::uint64_t seed) {
  Simulator simulator(seed);
  const Rule sequential = [&](std::size_t cases, const GateSettings& settings, const PairSource& pair) {
    return sequential_gate(cases, settings, pair, simulator.seed());
  };
  const std::array<Rule, 2> rules = {sequential, two_stage_gate};
  constexpr std::array<const char*, 2> kRules = {"sequential", "two stages"};

  fmt::print(
      "Equal builds: gates with at least one false alarm, and pairs per case. {} gates per row, pair scatter 3%, "
      "threshold "
      "5%.\n\n"
      "| rule | cases | noise | gates with a false alarm | mean pairs |\n|---|---|---|---|---|\n",
      gates);
  for (std::size_t r = 0; r < rules.size(); ++r) {
    for (const std::size_t cases : {20, 200}) {
      for (std::size_t n = 0; n < kNoises.size(); ++n) {
        const auto outcome = run_gates(simulator, rules[r], gates, cases, {}, kNoises[n], 0.03, 0);
        fmt::print("| {} | {} | {} | {:.2f}% | {:.1f} |\n", kRules[r], cases, kNoiseNames[n],
                   100 * outcome.gates_with_alarm / static_cast<double>(gates), outcome.tally.mean_pairs());
      }
    }
  }

  fmt::print(
      "\nEqual builds of 20 cases with a threshold close to zero, where only the level (2%) limits false alarms.\n\n"
      "| noise | gates with a false alarm | mean pairs |\n|---|---|---|\n");
  for (std::size_t n = 0; n < kNoises.size(); ++n) {
    const auto outcome = run_gates(simulator, sequential, gates, 20, {.threshold = 1e-9}, kNoises[n], 0.03, 0);
    fmt::print("| {} | {:.2f}% | {:.1f} |\n", kNoiseNames[n],
               100 * outcome.gates_with_alarm / static_cast<double>(gates), outcome.tally.mean_pairs());
  }

  fmt::print(
      "\nSlowdowns found within 40 pairs, threshold 5%, gates of 20 cases, all of them slower.\n\n"
      "| rule | noise | pair scatter | +10% found | mean pairs | +20% found | mean pairs "
      "|\n|---|---|---|---|---|---|---|\n");
  const GateSettings within_40{.most_pairs = 40, .most_suspect_pairs = 40};
  for (std::size_t r = 0; r < rules.size(); ++r) {
    for (std::size_t n = 0; n < kNoises.size(); ++n) {
      for (const double scatter : {0.01, 0.03, 0.05, 0.08, 0.11}) {
        fmt::print("| {} | {} | {:g}% |", kRules[r], kNoiseNames[n], 100 * scatter);
        for (const double slowdown : {0.1, 0.2}) {
          const auto tally =
              run_gates(simulator, rules[r], gates / 20, 20, within_40, kNoises[n], scatter, std::log1p(slowdown))
                  .tally;
          fmt::print(" {:.1f}% | {:.1f} |", tally.found_percent(), tally.mean_pairs());
        }
        fmt::print("\n");
      }
    }
  }

  fmt::print(
      "\n+2% with a threshold of 1%, within 60 pairs, gates of 20 cases.\n\n"
      "| pair scatter | found | size within 0.5 points | mean pairs |\n|---|---|---|---|\n");
  for (const double scatter : {0.003, 0.006, 0.009}) {
    const GateSettings fine{.threshold = 0.01, .most_pairs = 40, .most_suspect_pairs = 60};
    const auto tally =
        run_gates(simulator, sequential, gates / 20, 20, fine, Noise::normal, scatter, std::log1p(0.02)).tally;
    fmt::print("| {:g}% | {:.1f}% | {:.1f}% | {:.1f} |\n", 100 * scatter, tally.found_percent(), tally.close_percent(),
               tally.mean_pairs());
  }
}

}  // namespace whygpu
