// The roofline model (Williams, Waterman, Patterson 2009): speed is at most the lower of peak arithmetic and
// arithmetic intensity × bandwidth.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace whygpu {

// Which of the two limits is lower at this intensity.
enum class Roof { arithmetic, memory };
std::string_view roof_name(Roof roof);

struct RooflinePlace {
  Roof roof = Roof::arithmetic;
  double intensity = 0;  // FLOP per byte of compulsory traffic; 0 for work that only moves data
  double limit = 0;      // the roof at this intensity: FLOP/s, or B/s where no FLOPs are counted
  double fraction = 0;   // measured rate over the limit
};

// Places a case under the roofline. `flops` and `bytes` are per operation, which took `seconds`; the peaks are measured
// ceilings, FLOP/s and B/s, each optional. nullopt when no roof is known for this kind of work.
std::optional<RooflinePlace> place_on_roofline(double flops, double bytes, double seconds,
                                               std::optional<double> peak_flops, std::optional<double> peak_bandwidth);

// A case may exceed its ceiling by this much, the spread of two measurements.
inline constexpr double kCeilingTolerance = 0.03;

// Why a case exceeds its roof; an error when the case itself cannot explain it.
struct BeatenCeiling {
  std::string why;
  bool error = false;
};

// nullopt up to a fraction of 1 + kCeilingTolerance. `set_bytes` is what one operation touches, `cache_bytes` the
// device's largest cache; `mode_cold` says that operands were evicted.
std::optional<BeatenCeiling> explain_beaten_ceiling(const RooflinePlace& place, std::string_view implementation,
                                                    double set_bytes, double cache_bytes, bool mode_cold);

}  // namespace whygpu
