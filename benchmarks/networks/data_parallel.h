// Training on several ranks: each computes a share of the batch, and the gradients are averaged over all of them in
// buckets, each as soon as its last gradient is there, while the backward pass continues (Li et al., "PyTorch
// Distributed", VLDB 2020).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "backends/communicators/communicator.h"
#include "benchmarks/networks/model.h"
#include "benchmarks/networks/program.h"
#include "benchmarks/networks/task.h"

namespace whygpu::networks {

// A range of ComputeGraph::gradients, in elements, complete after that node of the graph.
struct Bucket {
  std::int64_t first = 0, elements = 0;
  std::size_t ready_after = 0;
};

// Whole parameters, from the last one to the first, as many as fit `bucket_bytes`, at least one. Together they are all
// gradients.
std::vector<Bucket> gradient_buckets(const ComputeGraph& graph, std::int64_t bucket_bytes);

// The samples of one rank, of a batch that the ranks divide evenly.
Batch share_of(const Network& whole, const Batch& batch, int rank, int ranks);

// Whether the mean of the shares' gradients is the gradient of the whole batch: not where samples of a batch depend on
// one another. The reason names the layer.
Support supports_shares(const Network& network);

class DataParallelStep {
 public:
  // Of the program of a training graph, all of which must outlive it.
  DataParallelStep(const ComputeGraph& graph, Program& program, Communicator& communicator, std::int64_t bucket_bytes);

  void enqueue();           // a step
  void enqueue_averages();  // the averages alone

  std::size_t buckets() const { return buckets_.size(); }

 private:
  void start(const Bucket& bucket);

  Program& program_;
  Communicator& communicator_;
  std::vector<Phase> phases_;  // of the nodes
  std::vector<Bucket> buckets_;
  float* gradients_;
};

// The losses of the first steps with `whole` as the batch of all ranks, equal on all of them. Sets `different` to the
// first rank whose weights are then not those of rank 0, bit by bit; -1: none.
std::vector<double> data_parallel_losses(const Network& whole, const ComputeGraph& whole_graph,
                                         const ComputeGraph& graph, Program& program, DataParallelStep& step,
                                         World& world, int steps, int& different);

}  // namespace whygpu::networks
