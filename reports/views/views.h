// The views of `whygpu table` that are more than one measure in a grid.
#pragma once

#include <vector>

#include "reports/render/document.h"
#include "reports/views/table.h"

namespace whygpu {

// Per workload, dtype, shape family, offload mode and candidate: from which size on it stays ahead, in each resource
// that was measured; and after how many reuses an upload has paid.
Document crossover_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Dollars of device per GFLOP/s, and what operations cost, with what is in it and what is left out.
Document price_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Cases with the details of a training step: its time, how it divides, samples per second, MFU, memory.
Document training_view(const std::vector<ResultFile>& files, const TableOptions& options);

// Cases with the latencies of an inference: its time, percentiles of single requests, memory.
Document inference_view(const std::vector<ResultFile>& files, const TableOptions& options);

}  // namespace whygpu
