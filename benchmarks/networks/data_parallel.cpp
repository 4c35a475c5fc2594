#include "benchmarks/networks/data_parallel.h"

#include <algorithm>
#include <stdexcept>

#include "benchmarks/networks/check.h"

namespace whygpu::networks {
namespace {

constexpr std::uint64_t kFnvStart = 0xcbf29ce484222325, kFnvPrime = 0x100000001b3;  // FNV-1a, 64 bits

// Samples lie in `outer` blocks of `batch` rows: one, or one for each time step.
std::vector<double> rows_of(const std::vector<double>& values, std::int64_t outer, std::int64_t batch, int rank,
                            int ranks) {
  const std::int64_t row = static_cast<std::int64_t>(values.size()) / outer / batch, share = batch / ranks;
  std::vector<double> rows;
  rows.reserve(values.size() / static_cast<std::size_t>(ranks));
  for (std::int64_t block = 0; block < outer; ++block) {
    const auto begin = values.begin() + (block * batch + rank * share) * row;
    rows.insert(rows.end(), begin, begin + share * row);
  }
  return rows;
}

std::string digest(const Tensor& tensor) {
  std::vector<unsigned char> bytes(tensor.bytes());
  tensor.download(bytes.data());
  std::uint64_t hash = kFnvStart;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * kFnvPrime;
  return std::to_string(hash);
}

double mean_over(World& world, double value) {
  double sum = 0;
  for (const double of_rank : world.gather(value)) sum += of_rank;
  return sum / world.ranks();
}

}  // namespace

std::vector<Bucket> gradient_buckets(const ComputeGraph& graph, std::int64_t bucket_bytes) {
  struct Gradient {
    std::int64_t first = 0;
    std::size_t ready_after = 0;
  };
  std::vector<Gradient> gradients;
  for (const TrainedParameter& parameter : graph.parameters) {
    Gradient& gradient = gradients.emplace_back(Gradient{place(graph, parameter.gradient).offset});
    for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
      if (graph.nodes[node].phase == Phase::update) continue;
      const bool uses = std::ranges::any_of(graph.nodes[node].arguments, [&](Value value) {
        const Place where = place(graph, value), own = place(graph, parameter.gradient);
        return where.root == own.root && where.offset == own.offset;
      });
      if (uses) gradient.ready_after = node;
    }
  }
  std::ranges::sort(gradients, std::ranges::greater{}, &Gradient::first);

  const std::int64_t most = std::max<std::int64_t>(bucket_bytes / static_cast<std::int64_t>(sizeof(float)), 1);
  std::vector<Bucket> buckets;
  std::int64_t end = graph.spec(graph.gradients).elements();
  for (const Gradient& gradient : gradients) {
    const std::int64_t first = &gradient == &gradients.back() ? 0 : gradient.first;
    const bool fits = !buckets.empty() && buckets.back().first + buckets.back().elements - first <= most;
    if (!fits) buckets.push_back({end, 0, 0});
    Bucket& bucket = buckets.back();
    bucket.elements += end - first;
    bucket.first = end = first;
    bucket.ready_after = std::max(bucket.ready_after, gradient.ready_after);
  }
  return buckets;
}

Batch share_of(const Network& whole, const Batch& batch, int rank, int ranks) {
  const auto order = whole.input.words.find("order");
  const bool time_first = order != whole.input.words.end() && order->second == "time";
  const std::int64_t outer = time_first ? whole.input.number("length") : 1;
  return {rows_of(batch.input, outer, whole.batch, rank, ranks),
          rows_of(batch.target, outer, whole.batch, rank, ranks)};
}

Support supports_shares(const Network& network) {
  for (const LayerLine& layer : network.layers) {
    if (layer.kind == "batch_norm") {
      return Support::no(layer.name + ": its statistics are those of a whole batch, and a rank has only its share");
    }
  }
  return {};
}

DataParallelStep::DataParallelStep(const ComputeGraph& graph, Program& program, Communicator& communicator,
                                   std::int64_t bucket_bytes)
    : program_(program),
      communicator_(communicator),
      buckets_(gradient_buckets(graph, bucket_bytes)),
      gradients_(static_cast<float*>(program.tensor(graph.gradients).address())) {
  for (const Node& node : graph.nodes) phases_.push_back(node.phase);
  if (gradients_ == nullptr) throw std::runtime_error("the gradients of this device have no address");
}

void DataParallelStep::start(const Bucket& bucket) {
  communicator_.start_average(gradients_ + bucket.first, bucket.elements);
}

void DataParallelStep::enqueue() {
  std::size_t started = 0;
  bool averaged = false;
  program_.enqueue([&](std::size_t node) {
    while (started < buckets_.size() && buckets_[started].ready_after < node) start(buckets_[started++]);
    if (averaged || phases_[node] != Phase::update) return;
    while (started < buckets_.size()) start(buckets_[started++]);
    communicator_.finish_averages();
    averaged = true;
  });
}

void DataParallelStep::enqueue_averages() {
  for (const Bucket& bucket : buckets_) start(bucket);
  communicator_.finish_averages();
}

std::vector<double> data_parallel_losses(const Network& whole, const ComputeGraph& whole_graph,
                                         const ComputeGraph& graph, Program& program, DataParallelStep& step,
                                         World& world, int steps, int& different) {
  program.reset();
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) {
    program.load(share_of(whole, make_batch(whole, whole_graph, i % kBatches), world.rank(), world.ranks()));
    step.enqueue();
    losses.push_back(mean_over(world, program.loss()));
  }
  different = -1;
  const std::vector<std::string> weights = world.gather(digest(program.tensor(graph.weights)));
  for (std::size_t rank = weights.size(); rank-- > 1;) {
    if (weights[rank] != weights[0]) different = static_cast<int>(rank);
  }
  return losses;
}

}  // namespace whygpu::networks
