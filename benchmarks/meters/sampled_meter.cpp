#include "benchmarks/meters/sampled_meter.h"

#include <chrono>

namespace whygpu {
namespace {

constexpr std::chrono::milliseconds kPeriod{20};

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

SampledMeter::SampledMeter(std::string name, MeterScope scope, std::string averaging, double lag_seconds,
                           std::function<double()> read_watts, std::string pci_bus_id)
    : name_(std::move(name)),
      averaging_(std::move(averaging)),
      pci_bus_id_(std::move(pci_bus_id)),
      scope_(scope),
      lag_seconds_(lag_seconds),
      read_watts_(std::move(read_watts)) {}

SampledMeter::~SampledMeter() { SampledMeter::stop(); }

std::string SampledMeter::how() const { return "power read every 20 ms and summed over time; " + averaging_; }

double SampledMeter::joules() {
  const std::lock_guard lock(mutex_);
  if (!failure_.empty()) throw MeterError(failure_);
  sample();
  if (!thread_.joinable()) thread_ = std::thread([this] { watch(); });
  return integral_.joules();
}

void SampledMeter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  stopping_ = false;
  failure_.clear();
  integral_.pause();
}

void SampledMeter::sample() {
  const double watts = read_watts_();
  integral_.add(now_seconds(), watts);
}

void SampledMeter::watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPeriod, [this] { return stopping_; })) {
    try {
      sample();
    } catch (const std::exception& error) {
      failure_ = error.what();
      return;
    }
  }
}

}  // namespace whygpu
