// The keys that training_step and inference share.
#pragma once

#include <string_view>
#include <vector>

#include "benchmarks/cases/case.h"
#include "benchmarks/networks/model.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu::networks {

// model, batch, length, width, dtype and launch. A size of 0 is the model's own.
std::vector<Parameter> network_parameters(std::string_view default_batch);

// The model's network with the case's sizes. Throws CaseError for a size that the model does not have.
Network network_of(const Case& c);

// The same layers at the sizes that are checked against the float64 reference.
Network checked_network_of(const Case& c);

// Whether the device can do what `launch` asks for.
Support supports_launch(const Case& c, Backend& backend);

// Samples and, where there is a sequence, tokens that go through the network at once.
struct Throughput {
  double samples = 0, tokens = 0;
};
Throughput throughput(const Network& network);

}  // namespace whygpu::networks
