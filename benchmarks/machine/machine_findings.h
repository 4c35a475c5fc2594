// The doctor's findings about meters, GPUs and ceilings. Pure: what was read goes in, words come out.
#pragma once

#include <vector>

#include "benchmarks/runner/ceilings/ceilings.h"
#include "benchmarks/meters/gpu_state.h"
#include "benchmarks/meters/meter.h"
#include "reports/catalogue/catalogue.h"
#include "benchmarks/machine/findings.h"

namespace whygpu {

// A machine without any meter, and places that only lack a permission.
std::vector<Finding> meter_findings(const std::vector<MeterOffer>& offers);

std::vector<Finding> gpu_findings(const GpuState& gpu);

// Below this part of what its maker promises, a ceiling is worth a word.
inline constexpr double kFitOfNominal = 0.7;

// Ceilings under kFitOfNominal, with where they are lost as far as the machine tells.
std::vector<Finding> ceiling_findings(const std::vector<Ceiling>& ceilings, const Catalogue& catalogue,
                                      const std::vector<GpuState>& gpus);

// What a variable that changes kernels costs: `slowdown` is time with it over time without.
Finding variable_cost(const std::string& backend, const std::string& variable, const std::string& problem,
                      double slowdown);

}  // namespace whygpu
