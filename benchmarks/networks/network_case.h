// The keys shared by training_step and inference.
#pragma once

#include <string_view>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/networks/model.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu::networks {

// model, batch, length, width, dtype and launch. A size of 0 means that of the model.
std::vector<Parameter> network_parameters(std::string_view default_batch);

// The network of the case's model with the case's sizes. Throws CaseError for a size that the model does not have.
// `batch`: another batch size; 0: that of the case.
Network network_of(const Case& c, std::int64_t batch = 0);

// The same layers at the sizes that are compared with the float64 reference.
Network checked_network_of(const Case& c, std::int64_t batch = 0);

// Whether the device supports the `launch` mode.
Support supports_launch(const Case& c, Backend& backend);

// Samples and, for sequences, tokens processed at once.
struct Throughput {
  double samples = 0, tokens = 0;
};
Throughput throughput(const Network& network);

}  // namespace whygpu::networks
