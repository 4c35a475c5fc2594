// What makes this machine unfit to measure on, or a comparison unfair, in words and with what to do about it. Pure:
// what was read goes in, words come out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/machine/environment.h"
#include "benchmarks/machine/load.h"
#include "benchmarks/meters/gpu_state.h"
#include "benchmarks/meters/meter.h"
#include "reports/results/records.h"

namespace whygpu {

std::vector<FindingRecord> cpu_findings(const CpuFacts& cpu, std::optional<double> quota, int threads);

// `busy` is work of others.
std::vector<FindingRecord> load_findings(const Busyness& busyness);

// `steal` is the part of all CPU time that the hypervisor took during a run.
std::vector<FindingRecord> steal_findings(double steal);

// `noise` is a noise_floor().
std::vector<FindingRecord> noise_findings(double noise);

// A machine without any meter, and places that only lack a permission.
std::vector<FindingRecord> meter_findings(const std::vector<MeterOffer>& offers);

std::vector<FindingRecord> gpu_findings(const GpuState& gpu);

// Below this part of what its maker promises, a ceiling is worth a word.
inline constexpr double kFitOfNominal = 0.7;

// Ceilings under kFitOfNominal, with where they are lost as far as the machine tells. `fraction_of_nominal` gives a
// measured ceiling as a part of the promised one, where that is known.
std::vector<FindingRecord> ceiling_findings(
    const std::vector<CeilingRecord>& ceilings,
    const std::function<std::optional<double>(const CeilingRecord&)>& fraction_of_nominal,
    const std::vector<GpuState>& gpus);

}  // namespace whygpu
