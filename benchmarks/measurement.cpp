#include "benchmarks/measurement.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>

namespace whygpu {
namespace {

using Clock = std::chrono::steady_clock;

// Reading the clock costs tens of nanoseconds: a sample of 20 µs keeps that under 0.5%.
constexpr double kShortestSample = 20e-6;
constexpr double kSamplesWanted = 50;

constexpr double kWarmupWindow = 1e-3;
constexpr double kSteadyWithin = 0.02;
constexpr int kSteadyWindows = 2;
constexpr double kShortestWarmup = 5e-3, kLongestWarmup = 0.3;

constexpr std::size_t kMostSets = 4096;
constexpr int kMostRetakes = 10;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::int64_t operations_for(double wanted_seconds, double seconds_each) {
  return std::max<std::int64_t>(1, std::llround(std::ceil(wanted_seconds / std::max(seconds_each, 1e-9))));
}

}  // namespace

double process_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Measurement::Measurement(Trial& trial, Device& device, bool cold, double sample_seconds)
    : trial_(trial),
      device_(device),
      stopwatch_(device.make_stopwatch()),
      cold_(cold),
      sample_seconds_(sample_seconds) {
  if (cold_) prepare_cold();
}

void Measurement::prepare_cold() {
  const double set = static_cast<double>(std::max<std::size_t>(trial_.set_bytes(), 1));
  const double wanted = std::ceil(2 * static_cast<double>(device_.cache_bytes()) / set) + 1;
  const double affordable = std::floor(0.25 * static_cast<double>(device_.free_memory_bytes()) / set);
  sets_ = static_cast<std::size_t>(std::clamp(std::min(wanted, affordable), 1.0, static_cast<double>(kMostSets)));
  trial_.allocate_sets(sets_);
}

void Measurement::enqueue(std::int64_t operations) {
  for (std::int64_t i = 0; i < operations; ++i) {
    trial_.enqueue(next_set_);
    if (++next_set_ == sets_) next_set_ = 0;
  }
}

double Measurement::time_batch(std::int64_t operations) {
  if (cold_) device_.flush_cache();
  if (trial_.timed_by_host()) {
    device_.synchronize();
    const auto start = Clock::now();
    enqueue(operations);
    device_.synchronize();
    return seconds_since(start);
  }
  device_.hold();
  stopwatch_->start();
  enqueue(operations);
  stopwatch_->stop();
  device_.release();
  return stopwatch_->seconds();
}

// Steady: the time of a window stays within 2% of the one before, twice in a row.
void Measurement::warm_up() {
  const auto start = Clock::now();
  double each = time_batch(1);
  const double limit = std::clamp(sample_seconds_, kShortestWarmup, kLongestWarmup);
  int steady_windows = 0;
  while (steady_windows < kSteadyWindows || seconds_since(start) < kShortestWarmup) {
    if (seconds_since(start) > limit) break;
    const std::int64_t window = cold_ ? 1 : operations_for(kWarmupWindow, each);
    const double before = each;
    each = time_batch(window) / static_cast<double>(window);
    steady_windows = std::abs(each / before - 1) < kSteadyWithin ? steady_windows + 1 : 0;
  }
  round_.steady = steady_windows >= kSteadyWindows;
  round_.warmup_ns = 1e9 * seconds_since(start);

  round_.batch = operations_for(std::max(kShortestSample, sample_seconds_ / kSamplesWanted), each);
  if (cold_) round_.batch = std::min(round_.batch, static_cast<std::int64_t>(sets_));
  device_.disturbance();  // what happened until now is not the samples' concern
}

double Measurement::sample() {
  for (int retake = 0;; ++retake) {
    const double cpu_before = process_cpu_seconds();
    const double seconds = time_batch(round_.batch);
    const double cpu = process_cpu_seconds() - cpu_before;
    const std::string disturbance = device_.disturbance();
    if (!disturbance.empty() && retake < kMostRetakes) {
      ++round_.discarded;
      continue;
    }
    if (!disturbance.empty()) round_.disturbance = disturbance;
    round_.samples_ns.push_back(1e9 * seconds / static_cast<double>(round_.batch));
    cpu_seconds_ += cpu;
    round_.cpu_ns =
        1e9 * cpu_seconds_ / static_cast<double>(round_.batch * static_cast<std::int64_t>(round_.samples_ns.size()));
    return seconds;
  }
}

}  // namespace whygpu
