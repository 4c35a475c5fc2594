#include "ci/projection/leave_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>

#include "ci/projection/crossovers.h"
#include "ci/projection/fit.h"

namespace whygpu::projection {
namespace {

// A residual of a card that was left out.
struct Miss {
  const Sample* sample;
  double logarithm;  // ln(published / projected)
};

// Tails outside a band, of the residuals of the other cards: less than 5%, because a new card differs from all of them.
constexpr double kTail = 0.025;

// Every card weighs the same.
double weighted_quantile(std::vector<std::pair<double, double>> values, double q) {
  std::sort(values.begin(), values.end());
  double total = 0, sum = 0;
  for (const auto& [value, weight] : values) total += weight;
  for (const auto& [value, weight] : values) {
    if ((sum += weight) >= q * total) return value;
  }
  return values.back().first;
}

std::map<std::string, Band> bands_of(const std::vector<Miss>& misses, const Card* without) {
  std::map<std::string, std::map<const Card*, std::vector<double>>> kinds;
  for (const auto& miss : misses) {
    if (miss.sample->card != without)
      kinds[band_class(miss.sample->problem, *miss.sample->card)][miss.sample->card].push_back(miss.logarithm);
  }
  std::map<std::string, Band> bands;
  for (const auto& [kind, cards] : kinds) {
    std::vector<std::pair<double, double>> values;
    for (const auto& [card, logarithms] : cards) {
      for (const double one : logarithms) values.emplace_back(one, 1 / (static_cast<double>(logarithms.size()) + 20));
    }
    bands[kind] = {std::exp(weighted_quantile(values, kTail)), std::exp(weighted_quantile(values, 1 - kTail))};
  }
  return bands;
}

struct Score {
  double sum = 0, bias = 0, covered = 0, count = 0;

  void add(const Miss& miss, const std::map<std::string, Band>& bands) {
    const auto found = bands.find(band_class(miss.sample->problem, *miss.sample->card));
    sum += std::abs(miss.logarithm), bias += miss.logarithm, ++count;
    if (found != bands.end() && miss.logarithm >= std::log(found->second.low) &&
        miss.logarithm <= std::log(found->second.high))
      ++covered;
  }
  double error() const { return std::exp(sum / count) - 1; }
};

void print_table(const Published& published, const std::vector<Miss>& misses, bool gemm) {
  fmt::print(
      "### {}\n\n| card left out | dtype | n | error | projected / published | in the band |\n"
      "|---|---|---|---|---|---|\n",
      gemm ? "GEMM" : "Convolution");
  std::map<std::string, std::pair<double, double>> averages;
  double covered = 0, count = 0;
  for (const Card& card : published.cards) {
    const auto bands = bands_of(misses, &card);
    std::map<std::string, Score> scores;
    for (const auto& miss : misses) {
      if (miss.sample->card == &card && miss.sample->is_gemm() == gemm) scores[miss.sample->dtype()].add(miss, bands);
    }
    for (const auto& [dtype, score] : scores) {
      fmt::print("| {} | {} | {} | {:.0f}% | {:.2f} | {:.0f}% |\n", card.name, dtype == "f16" ? "f16/f32" : dtype,
                 score.count, 100 * score.error(), std::exp(-score.bias / score.count),
                 100 * score.covered / score.count);
      if (score.count < 20) continue;  // too few for an average
      auto& [sum, cards] = averages[dtype];
      sum += score.error(), ++cards;
      covered += score.covered, count += score.count;
    }
  }
  double all = 0, cards = 0;
  for (const auto& [dtype, average] : averages) all += average.first, cards += average.second;
  fmt::print("| mean of cards with 20 or more | all | {} | {:.1f}% | | {:.1f}% |\n\n", count, 100 * all / cards,
             100 * covered / count);
}

constexpr double kCpuSlowDowns[] = {1, 4, 16};  // stand for smaller CPUs than the published one
constexpr std::size_t kFewestSizes = 3;

// Every family of three sizes or more of every card, against every CPU.
std::vector<FamilyOnCard> families_against_cpus(const Published& published, const std::vector<Miss>& misses) {
  std::map<std::pair<std::string, double>, double> cpu_seconds;
  for (const auto& sample : published.cpu_samples) cpu_seconds[{sample.family, sample.size}] = sample.seconds;
  std::map<std::tuple<std::string, std::string, std::string>, std::map<double, const Miss*>> families;
  for (const auto& miss : misses) {
    const Sample& sample = *miss.sample;
    if (cpu_seconds.contains({sample.family, sample.size}))
      families[{sample.card->name, sample.dtype(), sample.family}][sample.size] = &miss;
  }
  std::vector<FamilyOnCard> result;
  for (const auto& [names, by_size] : families) {
    if (by_size.size() < kFewestSizes) continue;
    for (const double slower : kCpuSlowDowns) {
      FamilyOnCard& family = result.emplace_back();
      family.card = std::get<0>(names);
      for (const auto& [size, miss] : by_size) {
        const double cpu = slower * cpu_seconds[{miss->sample->family, size}];
        family.sizes.push_back(size);
        family.published.push_back(std::log(cpu / miss->sample->seconds));
        family.projected.push_back(std::log(cpu / miss->sample->seconds) + miss->logarithm);
      }
    }
  }
  return result;
}

}  // namespace

Constants validate_and_fit(const Published& published, Constants start, int evaluations) {
  for (const auto& each : start.all()) start.set(each.name, each.start);
  Constants constants = fit(published.samples, start, evaluations);
  std::vector<Miss> misses;
  for (const Card& card : published.cards) {
    std::vector<Sample> others, own;
    for (const auto& sample : published.samples) (sample.card == &card ? own : others).push_back(sample);
    if (own.empty()) continue;
    const Constants without = fit(others, start, evaluations);
    for (const auto& sample : published.samples) {
      if (sample.card == &card) misses.push_back({&sample, std::log(sample.seconds / sample.projected(without))});
    }
    std::fflush(stdout);
  }
  print_table(published, misses, true);
  print_table(published, misses, false);
  print_crossovers(families_against_cpus(published, misses));
  fmt::print("### Bands and constants of the fit on all cards\n\n| kind | low | high |\n|---|---|---|\n");
  for (const auto& [kind, band] : bands_of(misses, nullptr)) {
    constants.bands[kind] = band;
    fmt::print("| {} | ×{:.2f} | ×{:.2f} |\n", kind, band.low, band.high);
  }
  fmt::print("\n| constant | value | unit |\n|---|---|---|\n");
  for (const auto& each : constants.all())
    if (each.fitted) fmt::print("| {} | {:.3g} | {} |\n", each.name, each.value, each.unit);
  return constants;
}

}  // namespace whygpu::projection
