// Views of `whygpu table` that are more than a grid of one measure.
#pragma once

#include <vector>

#include "reports/render/document.h"
#include "reports/views/table.h"

namespace whygpu {

// Per workload, dtype, shape family, offload mode and candidate: from which size on it stays ahead, in each resource
// that was measured; and the number of reuses after which an upload pays off.
Document crossover_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Device dollars per GFLOP/s and the cost of operations, with what the cost includes and excludes.
Document price_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Training steps: time, phases, samples per second, MFU, memory.
Document training_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Inference: time, latency percentiles of single requests, memory.
Document inference_view(const std::vector<ResultFile>& files, const TableOptions& options);

// What the cards of the options would take, beside the best CPU backend. Without sections when there are none.
Document projection_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Projection against measurement for cards of the catalogue that a file measured. Without sections when there are none.
Document accuracy_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Several ranks: efficiency and communication of training steps, bandwidths of collectives, and projected efficiency on
// more ranks.
Document scaling_view(const std::vector<ResultFile>& files, const TableOptions& options);

// A record for each sample; people see only how many there are.
Document samples_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Networks as the sum of their operators: time per backend, what is measured and what is modelled, and the layers that
// take the time.
Document network_view(const std::vector<ResultFile>& files, const TableOptions& options);

}  // namespace whygpu
