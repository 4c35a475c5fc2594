// Which measurements come from equal machines.
#pragma once

#include <string>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// What must agree before absolute times may be compared or a series continued: CPU model, CPUs that could be used,
// instruction sets, memory, hypervisor, accelerators. Readable: "Synthetic CPU, 8 of 8 CPUs, 64 GB, no hypervisor,
// 1a2b3c4d".
std::string machine_fingerprint(const EnvironmentRecord& environment, const std::vector<std::string>& accelerators);

// Names of the devices in a result file that are no CPU.
std::vector<std::string> accelerators_of(const ResultFile& file);

}  // namespace whygpu
