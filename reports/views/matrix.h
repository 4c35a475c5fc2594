// Problems as rows, backends as columns, one measure in the cells.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reports/render/document.h"
#include "reports/results/measures.h"
#include "reports/views/ceiling_place.h"

namespace whygpu {

struct Measure {
  std::string name;  // of its column in the records: "gflops"
  std::string unit;  // in the column heading: "GFLOP/s"
  bool higher_is_better = true;
  std::string gain;    // name of its ratio: "speed-up"
  std::string absent;  // why an ok case may have no value
  std::function<std::optional<Estimate>(const ResultFile&, const CaseRecord&)> of;
  std::optional<Against> ceiling = std::nullopt;  // that its cells are compared with
};

enum class Shown : std::uint8_t { first, all };

// One section per workload, showing the first of `measures` for which the workload has a value, or a section for each
// measure with values. `baseline` names the
// contender that the others are compared with inside each file; empty: openblas, else the first with values.
// Throws std::invalid_argument when no file has the baseline.
Document matrix(const std::vector<ResultFile>& files, const std::vector<Measure>& measures, const std::string& baseline,
                Shown shown = Shown::first);

}  // namespace whygpu
