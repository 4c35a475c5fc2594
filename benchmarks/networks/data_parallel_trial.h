// The trial of a training step on several ranks.
#pragma once

#include <cstdint>
#include <memory>

#include "benchmarks/networks/data_parallel.h"
#include "benchmarks/workloads/workload.h"
#include "whygpu/backend.h"

namespace whygpu::networks {

// What the ranks train together. The share is one rank's; both have the same layers and sizes but for the batch.
struct RankedTraining {
  Network whole, share;
  Network checked_whole, checked_share;  // at the sizes that are compared with the float64 reference
  std::int64_t bucket_bytes = 0;
};

// Its losses are those of one rank with the whole batch, and all ranks end with the same weights. It has the details of
// a training step, with the samples of all ranks, and
//   alone_ns           a step without averages, of the slowest rank, as timed after the samples
//   averaging_ns       the averages alone
//   exposed_ns         what a step takes longer with them than without
//   buckets
std::unique_ptr<Trial> make_data_parallel_trial(RankedTraining training, const Case& c, Backend& backend);

}  // namespace whygpu::networks
