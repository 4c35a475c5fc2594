// What a data-parallel training step would take on more ranks than were measured, from measured collectives and steps.
//
// An all-reduce of S bytes over n ranks takes 2 ⌈log₂ n⌉ a + 2 (n - 1) / n S g: a reduce-scatter by recursive halving
// and an all-gather by recursive doubling (Rabenseifner's algorithm in Thakur, Rabenseifner, Gropp: "Optimization of
// Collective Communication Operations in MPICH", 2005), with the additions counted into g. A step takes the computation
// of a share and the part of its all-reduce that the computation does not hide.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace whygpu::projection {

struct AllReduceTime {
  double bytes = 0;
  double seconds = 0;
};

struct AllReduceModel {
  double latency_seconds = 0;   // a: of one message
  double seconds_per_byte = 0;  // g
  int ranks = 0;                // that were measured
  double worst_error = 0;       // of the fit at its points, as a fraction

  double seconds(double bytes, int ranks) const;
};

// The least squares of relative errors, with latencies and times per byte of at least 0. Nothing for fewer than two
// sizes or one rank.
std::optional<AllReduceModel> fit_all_reduce(std::span<const AllReduceTime> times, int ranks);

// The same from a single time, without a latency.
std::optional<AllReduceModel> all_reduce_by_bandwidth(const AllReduceTime& time, int ranks);

struct StepScaling {
  double one_rank_seconds = 0;  // a step of one rank with its whole batch
  bool weak = false;            // every rank has that batch; else they divide it
  double gradient_bytes = 0;
  double hidden = 0;  // share of the all-reduce beside the computation, from 0 to 1
  double cpus = 0;    // of the one machine that runs all ranks, each with one; 0: enough
};

// Of a step on `ranks` ranks, and the samples per second over those of as many single ranks.
double step_seconds(const StepScaling& scaling, const AllReduceModel& model, int ranks);
double efficiency(const StepScaling& scaling, const AllReduceModel& model, int ranks);

}  // namespace whygpu::projection
