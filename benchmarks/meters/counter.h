// Converts meter readings into monotonically increasing energy.
#pragma once

#include <optional>

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

// Energy from power samples, by the trapezoidal rule.
class PowerIntegral {
 public:
  double add(double seconds, double watts) {
    if (last_) joules_ += (seconds - last_->seconds) * (watts + last_->watts) / 2;
    last_ = Sample{seconds, watts};
    return joules_;
  }
  double joules() const { return joules_; }

 private:
  struct Sample {
    double seconds, watts;
  };
  std::optional<Sample> last_;
  double joules_ = 0;
};

}  // namespace whygpu
