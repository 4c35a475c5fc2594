// Which measured ceiling stands above a case, and how near it came.
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

// The lower of both roofs, or the memory's alone, for who asks what of the bandwidth a case uses.
enum class Against : std::uint8_t { roofline, bandwidth };

// By the ceilings of the case's device and dtype in the same file. Operands that are hot and fit into the device's
// largest cache are judged by the slowest cache level that the case does not beat. 16-bit floats on a processor that
// can only widen them are judged by the arithmetic of f32. Nothing when the case is not ok, or no ceiling of its kind
// was measured.
std::optional<CeilingPlace> ceiling_place(const ResultFile& file, const CaseRecord& record,
                                          Against against = Against::roofline);

// One line for each ceiling that cases beat without a reason in themselves: what was measured there contradicts itself.
std::vector<std::string> contradictions(const ResultFile& file);

// Whether the case is one of those.
bool contradicts_its_ceiling(const ResultFile& file, const CaseRecord& record);

// A line where no visit to the processor's ceilings was undisturbed, so that they may be too low; else empty.
std::string describe_disturbed_ceilings(const ResultFile& file);

// FLOP/s of the measured arithmetic ceiling of the case's device and dtype; nothing when none was measured.
std::optional<double> arithmetic_ceiling(const ResultFile& file, const CaseRecord& record);

}  // namespace whygpu
