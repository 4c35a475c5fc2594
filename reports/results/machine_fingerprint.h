// Decides which measurements come from equal machines.
#pragma once

#include <string>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// What must be equal to compare absolute times or to continue a series: CPU model, usable CPUs,
// instruction sets, memory, hypervisor, accelerators. Readable: "Synthetic CPU, 8 of 8 CPUs, 64 GB, no hypervisor,
// 1a2b3c4d".
std::string machine_fingerprint(const EnvironmentRecord& environment, const std::vector<std::string>& accelerators);

// CPU model and instruction sets only: "Synthetic CPU, 1a2b3c4d".
std::string cpu_kind(const EnvironmentRecord& environment);

// Names of the accelerators in a result file.
std::vector<std::string> accelerators_of(const ResultFile& file);

}  // namespace whygpu
