// What the operations of a .model network cost.
#pragma once

#include <string_view>

#include "benchmarks/networks/model.h"
#include "reports/results/network_records.h"

namespace whygpu::networks {

// Throws CaseError.
NetworkRecord network_of(std::string_view name, const Network& network, bool training);

}  // namespace whygpu::networks
