// The energy of one operation: repeated trials, each long enough for the slowest meter.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/meters/meter.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {

struct RunMeters {
  std::vector<std::unique_ptr<Meter>> meters;
  std::string missing;    // why energy that the run takes is not counted, if so
  bool measured = false;  // whether there are meters, here or at another rank
};

// The device's fact "pci", "0000:65:00.0"; empty if it has none.
std::string pci_bus_id(const Device& device);

// The meters that count for a run on `device`. An accelerator that no meter counts, in
// `files` neither by itself nor as a part of the processor, has no meters of the host either: their sum would pass for
// the energy of the run.
RunMeters meters_for(const Device& device, std::vector<MeterOffer> offers, const FileTree& files);

struct EnergyPlan {
  // Before both, time passes until no meter's reading contains the load before: the longest lag of the meters.
  double idle_seconds = 1.0;    // idle, to measure the power drawn without load
  double warmup_seconds = 0.5;  // until clocks and fans adapt to the load
  double trial_seconds = 1.0;   // minimum; 20 times the slowest meter's resolution if that is longer
  int trials = 3;
  double unstable_above = 0.05;  // (highest - lowest) / median of the trials' joules per operation
};

// Result of one meter.
struct MeterReading {
  std::string name;
  MeterScope scope = MeterScope::host;
  double joules_per_op = 0;  // median of the trials
  double watts = 0;          // average over all trials
  double idle_watts = 0;
  double spread = 0;  // (highest - lowest) / median
  std::string lost;   // why this meter failed, if it did; the numbers above are then 0
};

struct EnergyResult {
  std::vector<MeterReading> meters;
  double seconds_per_op = 0;
  bool stable = true;

  // Sums over the meters of a scope; meaningful if has(), i.e. there are some and none of them failed.
  double joules_per_op(MeterScope scope) const;
  double watts(MeterScope scope) const;
  double idle_watts(MeterScope scope) const;
  bool has(MeterScope scope) const;
  bool lost(MeterScope scope) const;  // whether one of them failed

  // For a round's record: energy_joules_per_op (host and device together), energy_net_joules_per_op (without idle
  // power), energy_host_joules_per_op, energy_device_joules_per_op, energy_machine_joules_per_op, energy_watts,
  // energy_idle_watts, energy_spread, energy_stable (1 or 0). Values that no meter measured are left out, and so are
  // sums of which a part failed.
  Details details() const;
};

// The current time in seconds, and waiting; tests substitute their own.
struct EnergyClock {
  std::function<double()> now;
  std::function<void(double)> sleep;

  static EnergyClock steady();
};

// `run` completes some operations and returns their number. A meter that fails, or that does not change under load, is
// dropped, with its reason.
EnergyResult measure_energy(std::span<const std::unique_ptr<Meter>> meters, const EnergyPlan& plan,
                            const EnergyClock& clock, const std::function<std::int64_t()>& run);

}  // namespace whygpu
