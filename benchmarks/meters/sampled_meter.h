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
  // `read_watts` is called every 20 ms from a separate thread, and at each reading of the meter. `averaging` states the
  // time over which the source averages.
  SampledMeter(std::string name, MeterScope scope, std::string averaging, std::function<double()> read_watts,
               std::string pci_bus_id = {});
  ~SampledMeter() override;

  std::string name() const override { return name_; }
  MeterScope scope() const override { return scope_; }
  std::string how() const override;
  std::string pci_bus_id() const override { return pci_bus_id_; }
  double joules() override;
  double resolution_seconds() const override { return 0.2; }

 private:
  void sample();
  void watch();

  std::string name_, averaging_, pci_bus_id_;
  MeterScope scope_;
  std::function<double()> read_watts_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::string failure_;
  PowerIntegral integral_;
  std::thread thread_;
};

}  // namespace whygpu
