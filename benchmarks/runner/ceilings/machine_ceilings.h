// Ceilings of this machine, for the commands that show or record them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "benchmarks/runner/ceilings/ceilings.h"
#include "reports/catalogue/catalogue.h"

namespace whygpu {

// To those of the processor, and of the GPU where the cuda backend can run.
CeilingVisits visits_to_this_machine(const std::vector<std::string>& dtypes, int threads, int device);
CeilingReport ceilings_of_this_machine(const std::vector<std::string>& dtypes, int threads, int device);

// Measured over promised; nothing when the catalogue has no such value.
std::optional<double> fraction_of_nominal(const Ceiling& ceiling, const Catalogue& catalogue);

}  // namespace whygpu
