// Wording shared by the renderers of a comparison.
#pragma once

#include <string>
#include <vector>

#include "reports/regression/gate/comparison.h"

namespace whygpu {

// "+10.2% [+9.1%, +11.4%], 24 pairs, 1.23 µs -> 1.36 µs", or the reason why there are no numbers. Not escaped.
std::string evidence(const CaseComparison& c);

// Slower cases before incorrect, missing, undecided, faster and same ones; the largest change first among equals.
std::vector<const CaseComparison*> worst_first(const Comparison& comparison);

}  // namespace whygpu
