// Conditions that make this machine unsuitable for measurements, or a comparison unfair, each with a remedy. Pure
// functions of the data that was read.
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

// More ranks than this machine has CPUs for, unless the launcher may know of others.
std::vector<FindingRecord> rank_findings(int ranks, const RunSettings& settings, int cpus);

// `busy` is the load of other programs.
std::vector<FindingRecord> load_findings(const CpuLoad& load);

// `steal` is the fraction of all CPU time taken by the hypervisor during a run.
std::vector<FindingRecord> steal_findings(double steal);

// `noise` is the result of noise_floor().
std::vector<FindingRecord> noise_findings(double noise);

// Reports a machine without any meter, and meters that only lack a permission.
std::vector<FindingRecord> meter_findings(const std::vector<MeterOffer>& offers);

std::vector<FindingRecord> gpu_findings(const GpuState& gpu);

// A ceiling below this fraction of the nominal value is reported.
inline constexpr double kFitOfNominal = 0.7;

// Ceilings below kFitOfNominal, with the probable cause. `fraction_of_nominal` returns a measured ceiling as a
// fraction of the nominal one, if that is known.
std::vector<FindingRecord> ceiling_findings(
    const std::vector<CeilingRecord>& ceilings,
    const std::function<std::optional<double>(const CeilingRecord&)>& fraction_of_nominal,
    const std::vector<GpuState>& gpus);

}  // namespace whygpu
