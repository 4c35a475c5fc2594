#include <fmt/format.h>

#include <cmath>
#include <random>

#include "ci/accuracy/commands.h"
#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/statistics/paired.h"

namespace whygpu {
namespace {

constexpr int kRevisions = 60, kPlanted = 43, kSpike = 20, kPairs = 6;
constexpr double kSlowdown = 0.06, kLayout = 0.004, kPairScatter = 0.006;

std::string revision(int number) { return fmt::format("{:08x}", number); }

}  // namespace

// Each revision has its own speed because of its code layout. One revision is slower by itself, and from kPlanted on
// the first case is slower. The second case never changes.
void write_sample_history(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<std::vector<double>> levels(2, std::vector<double>(kRevisions));
  for (auto& level : levels) {
    for (double& value : level) value = kLayout * normal(random);
  }
  levels[0][kSpike] += 0.08;
  for (int i = kPlanted; i < kRevisions; ++i) levels[0][static_cast<std::size_t>(i)] += std::log1p(kSlowdown);

  const std::vector<std::pair<std::string, double>> cases = {{"gemm m=256 n=256 k=256 dtype=f32 backend=naive", 420e3},
                                                             {"gemm m=64 n=64 k=64 dtype=f32 backend=naive", 6.1e3}};
  for (int head = 1; head < kRevisions; ++head) {
    Comparison comparison;
    comparison.base = {"HEAD~1", revision(head - 1)};
    comparison.head = {"HEAD", revision(head)};
    comparison.started = comparison.finished = fmt::format("2026-01-{:02}T{:02}:00:00Z", 1 + head / 24, head % 24);
    comparison.machine = "a simulated machine";
    comparison.simulated = true;
    comparison.notes = {"simulated: no machine was measured"};
    for (std::size_t i = 0; i < cases.size(); ++i) {
      CaseComparison c;
      c.text = cases[i].first;
      const double step = levels[i][static_cast<std::size_t>(head)] - levels[i][static_cast<std::size_t>(head - 1)];
      std::vector<double> d;
      for (int pair = 0; pair < kPairs; ++pair) {
        const double base = cases[i].second * std::exp(0.1 * std::sin(0.3 * head) + 0.02 * normal(random));
        const double ratio = std::exp(step + kPairScatter * normal(random));
        c.pairs.push_back({comparison.started, random() >> 63 != 0, {std::round(base)}, {std::round(base * ratio)}});
        d.push_back(c.pairs.back().log_ratio());
      }
      c.base_ns = c.pairs[0].base_ns[0];
      c.head_ns = c.pairs[0].head_ns[0];
      c.judgement.change = hodges_lehmann(d);
      c.judgement.interval = signed_rank_interval(d);
      c.judgement.pairs = d.size();
      const double limit = std::log1p(comparison.threshold);
      const bool inside = c.judgement.interval->low > -limit && c.judgement.interval->high < limit;
      c.judgement.ruling = inside ? Ruling::same : Ruling::undecided;
      comparison.cases.push_back(c);
    }
    fmt::print("{}\n", to_json(comparison).dump());
  }
}

}  // namespace whygpu
