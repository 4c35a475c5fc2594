// Which measured ceiling limits a case, and how close the case comes to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/results/result_file.h"
#include "reports/views/roofline.h"

namespace whygpu {

struct CeilingPlace {
  RooflinePlace place;
  std::string level;                    // of the memory roof: "memory", or the cache that held the operands
  bool widened = false;                 // the arithmetic ceiling is f32's: the processor has no arithmetic in the dtype
  std::optional<BeatenCeiling> beaten;  // where the ceiling was exceeded by more than kCeilingTolerance
};

// The lower of both roofs, or bandwidth alone, for bandwidth views.
enum class Against : std::uint8_t { roofline, bandwidth };

// Uses the ceilings of the case's device and dtype in the same file. Hot operands that fit into the device's largest
// cache are compared with the slowest cache level that the case does not exceed. 16-bit floats on a processor that
// only widens them are compared with f32 arithmetic. nullopt when the case is not ok, or no ceiling of its kind
// was measured.
std::optional<CeilingPlace> ceiling_place(const ResultFile& file, const CaseRecord& record,
                                          Against against = Against::roofline);

// One line for each ceiling that cases exceed without an explanation: the measurements contradict each other.
std::vector<std::string> contradictions(const ResultFile& file);

// Why the times of a case cannot be true: it exceeds its ceiling without an explanation, or used more CPU time than its
// threads could have. Empty if nothing speaks against them.
std::string suspicion(const ResultFile& file, const CaseRecord& record);

// A warning when every measurement of the processor's ceilings was disturbed, so they may be too low; else empty.
std::string describe_disturbed_ceilings(const ResultFile& file);

// FLOP/s of the measured arithmetic ceiling of the case's device and dtype; nullopt when not measured.
std::optional<double> arithmetic_ceiling(const ResultFile& file, const CaseRecord& record);

}  // namespace whygpu
