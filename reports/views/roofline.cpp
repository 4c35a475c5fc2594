#include "reports/views/roofline.h"

namespace whygpu {

std::string_view roof_name(Roof roof) { return roof == Roof::arithmetic ? "arithmetic" : "memory"; }

std::optional<RooflinePlace> place_on_roofline(double flops, double bytes, double seconds,
                                               std::optional<double> peak_flops, std::optional<double> peak_bandwidth) {
  if (!(seconds > 0)) return std::nullopt;
  if (flops <= 0) {
    if (bytes <= 0 || !peak_bandwidth) return std::nullopt;
    return RooflinePlace{Roof::memory, 0, *peak_bandwidth, bytes / seconds / *peak_bandwidth};
  }
  const double intensity = bytes > 0 ? flops / bytes : 0;
  std::optional<double> memory_limit;
  if (bytes > 0 && peak_bandwidth) memory_limit = intensity * *peak_bandwidth;
  if (!memory_limit && !peak_flops) return std::nullopt;
  const bool memory = memory_limit && (!peak_flops || *memory_limit < *peak_flops);
  const double limit = memory ? *memory_limit : *peak_flops;
  return RooflinePlace{memory ? Roof::memory : Roof::arithmetic, intensity, limit, flops / seconds / limit};
}

std::optional<BeatenCeiling> explain_beaten_ceiling(const RooflinePlace& place, std::string_view implementation,
                                                    double set_bytes, double cache_bytes, bool mode_cold) {
  if (place.fraction <= 1 + kCeilingTolerance) return std::nullopt;
  if (place.roof == Roof::memory && !mode_cold && set_bytes < cache_bytes) {
    return BeatenCeiling{"the operands stay in a cache that is faster than the memory of this ceiling"};
  }
  if (place.roof == Roof::arithmetic && (implementation.find("inograd") != std::string_view::npos ||
                                         implementation.find("FFT") != std::string_view::npos)) {
    return BeatenCeiling{"the algorithm performs fewer multiplications than the FLOP count assumes"};
  }
  return BeatenCeiling{
      "an error: the ceiling was measured too low (other load, another clock), or the case does less work than "
      "counted",
      true};
}

}  // namespace whygpu
