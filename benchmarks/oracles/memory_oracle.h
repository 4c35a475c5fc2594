// The cost and the expected results of the operations of the memory workload.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "benchmarks/workloads/workload.h"
#include "whygpu/probes.h"

namespace whygpu {

// Argument index and row-major values of every input.
using MemoryInputs = std::vector<std::pair<int, std::vector<std::byte>>>;

// Which arguments of a Stream, Transfer or Launch are inputs, and which are results.
std::vector<int> memory_inputs(const Probe& op);
std::vector<int> memory_results(const Probe& op);

// By STREAM's counting rule.
Work memory_work(const Probe& op);

// Compares the values of result number `result` (of memory_results) with their definition. Vectors may differ by the
// two roundings of a fused or unfused triad, a sum by 4·sqrt(n)·u·Σ|x| (the order of summation is free), transfers not
// at all.
Verdict check_memory(const Probe& op, std::size_t result, const MemoryInputs& inputs,
                     const std::vector<std::byte>& values);

}  // namespace whygpu
