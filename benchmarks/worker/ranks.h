// The ranks that measure a case together. All run the same code on the same cases, and every decision that depends on a
// time or a result is taken on a value that they share, so that none waits for another that went elsewhere.
#pragma once

#include <string>

#include "backends/communicators/communicator.h"
#include "benchmarks/workloads/workload.h"
#include "reports/results/records.h"

namespace whygpu {

// Joins the ranks that this process's launcher started. Throws LoadError, also unless they are `count`.
void join_ranks(int count);

// Waits for the others to end. A rank that ends otherwise ends all: leave_with_error() names it first.
void leave_ranks();
[[noreturn]] void leave_with_error(const std::string& error);

// Null where this process measures alone.
World* world();

// Alone, those with an argument return it.
double greatest(double value);                         // of all ranks
double least(double value);                            // of all ranks
Verdict agreed(const Verdict& verdict);                // the first that is not ok, with its rank
std::string first_not_empty(const std::string& text);  // of all ranks
int ranks_on_this_host();                              // alone, 1
int earlier_ranks_on_this_host();                      // alone, 0

// The collectives of the device's memory; world() if that is the host's. Ends with the process. Throws LoadError.
Communicator& communicator_for(Device& device);

// Whether `ranks` ranks with devices like this one could exchange data.
Support supports_ranks(std::int64_t ranks, const Device& device);

// Every rank's host, device and the CPUs that it may use.
std::vector<RankRecord> describe_ranks(const Device& device);

}  // namespace whygpu
