#include "benchmarks/machine/load.h"

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "reports/results/statistics.h"

namespace whygpu {

CpuLoad cpu_load(const CpuTicks& before, const CpuTicks& after) {
  const double total = after.total - before.total;
  if (total <= 0) return {};
  const double steal = after.steal - before.steal;
  return {(total - (after.idle - before.idle) - steal) / total, steal / total};
}

CpuLoad observe_load(double seconds) {
  const auto before = cpu_ticks();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return cpu_load(before, cpu_ticks());
}

double noise_floor(double seconds) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t value = 1;
  while (Clock::now() < end) {
    const auto start = Clock::now();
    for (int i = 0; i < 300'000; ++i) value = value * 6364136223846793005U + 1442695040888963407U;
    volatile std::uint64_t keep = value;
    value = keep;
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  return quantile(times, 0.95) / quantile(times, 0) - 1;
}

double reachable_precision(double noise) { return noise < 0.03 ? 0.01 : noise < 0.1 ? 0.03 : 0.1; }

}  // namespace whygpu
