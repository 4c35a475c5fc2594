// Which measured ceiling stands above a case, and how near it came.
#pragma once

#include <optional>
#include <string>

#include "reports/result_file.h"
#include "reports/roofline.h"

namespace whygpu {

struct CeilingPlace {
  RooflinePlace place;
  std::string level;   // of the memory roof: "memory", or the cache that held the operands
  std::string beaten;  // why the ceiling was exceeded by more than kCeilingTolerance; empty when it was not
};

// By the ceilings of the case's device and dtype in the same file. Operands that are hot and fit into the device's
// largest cache are judged by the slowest cache level that the case does not beat. Nothing when the case is not ok, or
// no ceiling of its kind was measured.
std::optional<CeilingPlace> ceiling_place(const ResultFile& file, const CaseRecord& record);

// FLOP/s of the measured arithmetic ceiling of the case's device and dtype; nothing when none was measured.
std::optional<double> arithmetic_ceiling(const ResultFile& file, const CaseRecord& record);

}  // namespace whygpu
