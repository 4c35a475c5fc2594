// A meter based on power readings, for sources without an energy counter.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "benchmarks/meters/counter.h"
#include "benchmarks/meters/meter.h"

namespace whygpu {

class SampledMeter final : public Meter {
 public:
  // `read_watts` is called at each reading of the meter, and from the first one until stop() every 20 ms from a
  // separate thread. `averaging` says how the source averages, `lag_seconds` over how long at most.
  SampledMeter(std::string name, MeterScope scope, std::string averaging, double lag_seconds,
               std::function<double()> read_watts, std::string pci_bus_id = {});
  ~SampledMeter() override;

  std::string name() const override { return name_; }
  MeterScope scope() const override { return scope_; }
  std::string how() const override;
  std::string pci_bus_id() const override { return pci_bus_id_; }
  double joules() override;
  void stop() override;
  double resolution_seconds() const override { return 0.2; }
  double lag_seconds() const override { return lag_seconds_; }

 private:
  void sample();
  void watch();

  std::string name_, averaging_, pci_bus_id_;
  MeterScope scope_;
  double lag_seconds_;
  std::function<double()> read_watts_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::string failure_;
  PowerIntegral integral_;
  std::thread thread_;
};

}  // namespace whygpu
