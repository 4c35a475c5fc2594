#include "benchmarks/worker/measurement.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <thread>

#include "benchmarks/worker/ranks.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

using Clock = std::chrono::steady_clock;

// Reading the clock costs tens of nanoseconds: samples of 20 µs keep that under 0.5%.
constexpr double kShortestSample = 20e-6;
constexpr double kSamplesWanted = 50;
constexpr std::uint64_t kAuditedAmong = 32;  // first samples: most processes take more than that

constexpr std::size_t kMostSynchronised = 101;
constexpr double kSynchronisedShare = 0.05;  // of the time for samples

constexpr double kWarmupWindow = 1e-3;
constexpr double kSteadyWithin = 0.02;
constexpr int kSteadyWindows = 2;
constexpr double kShortestWarmup = 5e-3, kLongestWarmup = 0.3;

// A device that throttles through that many samples will not recover: the round continues and records it.
constexpr int kMostRetakes = 20;
constexpr std::chrono::milliseconds kRecovery{50};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// As many as fit the time, in whole units, up to the limit of the batch.
std::int64_t operations_for(double wanted_seconds, double seconds_each, const TimedBatch& batch) {
  const double units = std::ceil(wanted_seconds / std::max(seconds_each, 1e-9) / static_cast<double>(batch.unit()));
  return batch.unit() *
         std::clamp<std::int64_t>(std::llround(units), 1, std::max<std::int64_t>(batch.most() / batch.unit(), 1));
}

}  // namespace

Measurement::Measurement(Trial& trial, Device& device, const SampleMode& mode, double sample_seconds, AuditMode audit,
                         std::uint64_t seed)
    : trial_(trial),
      device_(device),
      mode_(mode),
      batch_(trial, device, mode),
      sample_seconds_(sample_seconds),
      audit_(audit),
      random_(seed),
      audited_sample_(random_.below(kAuditedAmong)) {}

bool Measurement::is_audited(std::size_t sample) const {
  return trial_.auditable() && (audit_ == AuditMode::every_sample || sample == audited_sample_);
}

void Measurement::note(const Verdict& verdict, std::string_view when) {
  round_.details["audits"] += 1;
  if (verdict.status == Status::ok || verdict_.status != Status::ok) return;
  verdict_ = {verdict.status, fmt::format("{}: {}", when, verdict.reason)};
}

// Work that continues after the host was told that it is complete has not written the poisoned result yet.
void Measurement::audit_one_operation(std::size_t set, std::string_view when) {
  device_.synchronize();
  trial_.enqueue(set);
  device_.synchronize();
  note(trial_.check(set), when);
}

// Steady: the time of a window stays within 2% of the previous one, twice in a row.
void Measurement::warm_up() {
  const auto start = Clock::now();
  const auto time_each = [&](std::int64_t operations) {
    return batch_.time(operations) / static_cast<double>(operations);
  };
  double each = time_each(batch_.unit());
  const double shortest = std::max(mode_.load_seconds, kShortestWarmup);
  const double limit = std::max(shortest, std::clamp(sample_seconds_, kShortestWarmup, kLongestWarmup));
  int steady_windows = 0;
  while (steady_windows < kSteadyWindows || greatest(seconds_since(start)) < shortest) {
    if (greatest(seconds_since(start)) > limit) break;
    const double before = each;
    each = time_each(operations_for(kWarmupWindow, each, batch_));
    steady_windows = std::abs(each / before - 1) < kSteadyWithin ? steady_windows + 1 : 0;
  }
  round_.steady = steady_windows >= kSteadyWindows;

  const double sample_seconds = std::max(kShortestSample, sample_seconds_ / kSamplesWanted);
  batch_.record(operations_for(sample_seconds, each, batch_));
  if (batch_.unit() > 1) each = time_each(batch_.unit());
  round_.batch = operations_for(sample_seconds, each, batch_);
  round_.warmup_ns = 1e9 * seconds_since(start);
  device_.disturbance();  // clears disturbances from before the samples
}

double Measurement::sample() {
  for (;;) {
    const bool audited = is_audited(round_.samples_ns.size());
    const std::size_t set = batch_.last_set(round_.batch);
    if (audited) batch_.renew(round_.batch, random_.bits());
    const double seconds = batch_.time(round_.batch);
    const HostUse use = batch_.host_use();  // before the audit, which adds its own
    if (audited) {
      const std::string when = fmt::format("sample {}, with other inputs", round_.samples_ns.size() + 1);
      note(trial_.check(set), when);
      trial_.poison_results(set);
      audit_one_operation(set, when + ", once more");
    }
    const std::string disturbance = first_not_empty(device_.disturbance());
    if (!disturbance.empty() && round_.discarded < kMostRetakes) {
      ++round_.discarded;
      std::this_thread::sleep_for(kRecovery);
      continue;
    }
    if (!disturbance.empty()) round_.disturbance = disturbance;
    round_.samples_ns.push_back(1e9 * seconds / static_cast<double>(round_.batch));
    note_rank_times();
    cpu_seconds_ += use.cpu_seconds;
    if (use.page_faults > 0) round_.details["page_faults"] += static_cast<double>(use.page_faults);
    round_.cpu_ns =
        1e9 * cpu_seconds_ / static_cast<double>(round_.batch * static_cast<std::int64_t>(round_.samples_ns.size()));
    return seconds;
  }
}

void Measurement::note_rank_times() {
  std::vector<double> ns = batch_.rank_seconds();
  if (ns.empty()) return;
  for (double& time : ns) time *= 1e9 / static_cast<double>(round_.batch);
  fastest_rank_ns_.push_back(std::ranges::min(ns));
  mean_rank_ns_.push_back(std::accumulate(ns.begin(), ns.end(), 0.0) / static_cast<double>(ns.size()));
  all_ranks_ns_.insert(all_ranks_ns_.end(), ns.begin(), ns.end());
}

// A CPU backend returns when its operation is complete: its samples are synchronised already.
void Measurement::time_synchronised() {
  if (device_.kind() == DeviceKind::cpu || mode_.cold || mode_.offload != Offload::kernel) return;
  std::vector<double> seconds;
  const auto start = Clock::now();
  do {
    seconds.push_back(batch_.time_synchronised());
  } while (seconds.size() < kMostSynchronised && greatest(seconds_since(start)) < kSynchronisedShare * sample_seconds_);
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::ranges::nth_element(seconds, middle);
  round_.details["synchronised_ns"] = 1e9 * *middle;
}

void Measurement::finish() {
  if (trial_.auditable()) {
    const std::size_t set = batch_.last_set(round_.batch);
    // A few long samples may have left out the one to be audited.
    if (round_.details.contains("audits")) {
      trial_.poison_results(set);
    } else {
      trial_.renew(set, random_.bits());
    }
    audit_one_operation(set, "after the last sample");
  } else if (const Verdict verdict = trial_.check_again(); verdict.status != Status::ok) {
    verdict_ = {verdict.status, "after the samples: " + verdict.reason};
  }
  verdict_ = agreed(verdict_);
  time_synchronised();
  if (!all_ranks_ns_.empty()) {
    round_.details["rank_fastest_ns"] = median(fastest_rank_ns_);
    round_.details["rank_mean_ns"] = median(mean_rank_ns_);
    round_.details["rank_p99_ns"] = quantile(all_ranks_ns_, 0.99);
  }
  const auto readings = batch_.readings(round_.batch);
  round_.details.insert(readings.begin(), readings.end());
}

}  // namespace whygpu
