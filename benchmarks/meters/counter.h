// Converts meter readings into monotonically increasing energy.
#pragma once

#include <optional>
#include <string>

#include "benchmarks/meters/meter.h"

namespace whygpu {

// A counter that wraps around to 0 after `range`. It must be read at least once per wrap-around.
class WrappingCounter {
 public:
  explicit WrappingCounter(double range) : range_(range) {}

  // The total since the first reading.
  double update(double reading) {
    if (last_) total_ += reading >= *last_ ? reading - *last_ : reading + range_ - *last_;
    last_ = reading;
    return total_;
  }

 private:
  double range_, total_ = 0;
  std::optional<double> last_;
};

// A counter that never wraps around in practice, such as one of 64 bits.
class MonotonicCounter {
 public:
  // Returns the reading. Throws MeterError, which names the `source`, if it is below the last one.
  double update(double reading, const std::string& source) {
    if (reading < last_) {
      throw MeterError(source + ": the counter ran backwards, from " + std::to_string(last_) + " to " +
                       std::to_string(reading) + " J");
    }
    last_ = reading;
    return reading;
  }

 private:
  double last_ = 0;
};

// Energy from power samples, by the trapezoidal rule.
class PowerIntegral {
 public:
  double add(double seconds, double watts) {
    if (last_) joules_ += (seconds - last_->seconds) * (watts + last_->watts) / 2;
    last_ = Sample{seconds, watts};
    return joules_;
  }
  double joules() const { return joules_; }

  // The time until the next sample does not count.
  void pause() { last_.reset(); }

 private:
  struct Sample {
    double seconds, watts;
  };
  std::optional<Sample> last_;
  double joules_ = 0;
};

}  // namespace whygpu
