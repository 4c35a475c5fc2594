#include "benchmarks/worker/energy.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "backends/devices/hwmon.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/worker/ranks.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

constexpr double kResolutionsPerTrial = 20;  // a window's edges are off by at most one resolution: 5%

// One meter during the pass.
class Watch {
 public:
  explicit Watch(Meter& meter) : meter_(meter) { reading_.name = meter.name(), reading_.scope = meter.scope(); }

  void begin() {
    attempt([&] { start_ = meter_.joules(); });
  }
  // Joules since begin(); 0 after the meter failed.
  double end() {
    double joules = 0;
    attempt([&] { joules = meter_.joules() - start_; });
    return joules;
  }
  bool lost() const { return !reading_.lost.empty(); }

  void set_idle(double watts) { reading_.idle_watts = watts; }
  void add_trial(double joules, double operations) {
    if (!lost() && joules <= 0) reading_.lost = "the reading did not change under load";
    per_op_.push_back(joules / operations);
    joules_ += joules;
  }

  MeterReading finish(double seconds) {
    if (lost()) return {reading_.name, reading_.scope, 0, 0, 0, 0, reading_.lost};
    reading_.joules_per_op = median(per_op_);
    reading_.watts = joules_ / seconds;
    const auto [low, high] = std::ranges::minmax(per_op_);
    reading_.spread = reading_.joules_per_op > 0 ? (high - low) / reading_.joules_per_op : 0;
    return reading_;
  }

 private:
  template <class F>
  void attempt(F&& read) {
    if (lost()) return;
    try {
      read();
    } catch (const std::exception& error) {
      reading_.lost = error.what();
    }
  }

  Meter& meter_;
  MeterReading reading_;
  double start_ = 0, joules_ = 0;
  std::vector<double> per_op_;
};

// Leaves no meter sampling in the background, where it would disturb the next case.
struct StopAtEnd {
  std::span<const std::unique_ptr<Meter>> meters;
  ~StopAtEnd() {
    for (const auto& meter : meters) meter->stop();
  }
};

struct Span {
  double seconds = 0;
  double operations = 0;
};

// Runs for at least `seconds`.
Span run_for(double seconds, const EnergyClock& clock, const std::function<std::int64_t()>& run) {
  const double start = clock.now();
  Span span;
  while (span.seconds < seconds) {
    span.operations += static_cast<double>(run());
    span.seconds = clock.now() - start;
  }
  return span;
}

}  // namespace

std::string pci_bus_id(const Device& device) {
  for (const auto& [name, value] : device.facts()) {
    if (name == "pci") return value;
  }
  return "";
}

RunMeters meters_for(const Device& device, std::vector<MeterOffer> offers, const FileTree& files) {
  const std::string address = pci_bus_id(device);
  RunMeters run{take_meters_for(offers, address), {}};
  run.measured = !run.meters.empty();
  const bool accelerator = device.kind() == DeviceKind::cuda || device.kind() == DeviceKind::opencl;
  const auto scope_is = [](MeterScope scope) { return [scope](const auto& meter) { return meter->scope() == scope; }; };
  if (!accelerator || std::ranges::any_of(run.meters, scope_is(MeterScope::device))) return run;
  if (inside_processor(address, files)) return run;
  std::erase_if(run.meters, scope_is(MeterScope::host));
  run.measured = !run.meters.empty();
  run.missing = address.empty() ? "the device's driver does not tell its PCI address, by which its meter is found"
                                : "no meter counts the device at PCI address " + address;
  return run;
}

EnergyClock EnergyClock::steady() {
  using Clock = std::chrono::steady_clock;
  return {[] { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); },
          [](double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }};
}

EnergyResult measure_energy(std::span<const std::unique_ptr<Meter>> meters, const EnergyPlan& plan,
                            const EnergyClock& clock, const std::function<std::int64_t()>& run) {
  const StopAtEnd stop{meters};
  std::vector<Watch> watches;
  double window = plan.trial_seconds, lag = 0;
  for (const auto& meter : meters) {
    watches.emplace_back(*meter);
    window = std::max(window, kResolutionsPerTrial * meter->resolution_seconds());
    lag = std::max(lag, meter->lag_seconds());
  }
  window = greatest(window), lag = greatest(lag);

  if (lag > 0) clock.sleep(lag);
  const double idle_start = clock.now();
  for (auto& watch : watches) watch.begin();
  clock.sleep(plan.idle_seconds);
  const double idle_seconds = clock.now() - idle_start;
  for (auto& watch : watches) watch.set_idle(watch.end() / idle_seconds);

  run_for(plan.warmup_seconds + lag, clock, run);

  Span total;
  for (int trial = 0; trial < plan.trials; ++trial) {
    for (auto& watch : watches) watch.begin();
    const Span span = run_for(window, clock, run);
    for (auto& watch : watches) watch.add_trial(watch.end(), span.operations);
    total.seconds += span.seconds;
    total.operations += span.operations;
  }

  EnergyResult result;
  result.seconds_per_op = total.seconds / total.operations;
  for (auto& watch : watches) {
    result.meters.push_back(watch.finish(total.seconds));
    result.stable = result.stable && result.meters.back().spread <= plan.unstable_above;
  }
  return result;
}

bool EnergyResult::has(MeterScope scope) const {
  const auto counts = [&](const MeterReading& m) { return m.scope == scope; };
  return std::ranges::any_of(meters, counts) && !lost(scope);
}

bool EnergyResult::lost(MeterScope scope) const {
  return std::ranges::any_of(meters, [&](const MeterReading& m) { return m.scope == scope && !m.lost.empty(); });
}

double EnergyResult::joules_per_op(MeterScope scope) const {
  double sum = 0;
  for (const auto& meter : meters) sum += meter.scope == scope ? meter.joules_per_op : 0;
  return sum;
}

double EnergyResult::watts(MeterScope scope) const {
  double sum = 0;
  for (const auto& meter : meters) sum += meter.scope == scope ? meter.watts : 0;
  return sum;
}

double EnergyResult::idle_watts(MeterScope scope) const {
  double sum = 0;
  for (const auto& meter : meters) sum += meter.scope == scope ? meter.idle_watts : 0;
  return sum;
}

Details EnergyResult::details() const {
  Details details;
  double joules = 0, watts_sum = 0, idle_sum = 0, spread = 0;
  for (const MeterScope scope : {MeterScope::host, MeterScope::device}) {
    if (!has(scope)) continue;
    details.emplace_back("energy_" + std::string(scope_name(scope)) + "_joules_per_op", joules_per_op(scope));
    joules += joules_per_op(scope);
    watts_sum += watts(scope);
    idle_sum += idle_watts(scope);
  }
  if (has(MeterScope::machine)) {
    details.emplace_back("energy_machine_joules_per_op", joules_per_op(MeterScope::machine));
  }
  if (!has(MeterScope::host) && !has(MeterScope::device)) return details;
  if (lost(MeterScope::host) || lost(MeterScope::device)) return details;
  for (const auto& meter : meters) spread = std::max(spread, meter.spread);
  details.emplace_back("energy_joules_per_op", joules);
  details.emplace_back("energy_net_joules_per_op", joules - idle_sum * seconds_per_op);
  details.emplace_back("energy_watts", watts_sum);
  details.emplace_back("energy_idle_watts", idle_sum);
  details.emplace_back("energy_spread", spread);
  details.emplace_back("energy_stable", stable ? 1 : 0);
  return details;
}

}  // namespace whygpu
