#include "benchmarks/networks/network_trial.h"

#include <fmt/format.h>

#include <map>

#include "benchmarks/networks/task.h"

namespace whygpu::networks {
namespace {

constexpr int kTimedSteps = 5;  // with a stopwatch around every node

constexpr double kSecondsPerReferenceFlop = 1.5e-9, kSecondsPerWeight = 200e-9, kScaledDownSeconds = 0.3;

}  // namespace

double verify_seconds(const ComputeGraph& graph, double reference_flops) {
  const auto weights = static_cast<double>(graph.spec(graph.weights).elements());
  return kScaledDownSeconds + kSecondsPerWeight * weights + kSecondsPerReferenceFlop * reference_flops;
}

NetworkTrial::NetworkTrial(Network network, Network checked, const Case& c, Backend& backend, Build build)
    : backend_(backend),
      network_(std::move(network)),
      checked_network_(std::move(checked)),
      products_(parse_dtype(c["dtype"])),
      graph_(build(network_, products_)),
      record_(c["launch"] == "graph") {
  add_set();
}

// Every run sees the same batch, which the reference learns too.
void NetworkTrial::load(std::uint64_t) {
  batch_.emplace(graph_, timed_batch());
  reset(0);
}

void NetworkTrial::allocate_sets(std::size_t count) {
  while (sets_.size() < count) {
    add_set();
    reset(sets_.size() - 1);
  }
}

void NetworkTrial::reset(std::size_t index) {
  Set& set = *sets_[index];
  set.program.reset();
  set.program.load(*batch_);
  if (record_ && !set.recording) {
    set.recording = backend_.device().capture([&set] { set.program.enqueue(); });
  }
}

void NetworkTrial::run(std::size_t index) const {
  Set& set = *sets_[index];
  if (set.recording) {
    set.recording->enqueue();
  } else {
    set.program.enqueue();
  }
}

std::vector<HostArgument> NetworkTrial::host_arguments() {
  Program& program = sets_.front()->program;
  const Value answer = graph_.loss == kNone ? graph_.output : graph_.loss;
  std::vector<HostArgument> arguments = {{&program.tensor(graph_.input), batch_->input.size(), batch_->input.data()}};
  if (graph_.target != kNone) {
    arguments.push_back({&program.tensor(graph_.target), batch_->target.size(), batch_->target.data()});
  }
  arguments.push_back({&program.tensor(answer), graph_.spec(answer).bytes(), nullptr});
  return arguments;
}

std::string NetworkTrial::implementation() const {
  return sets_.front()->program.implementation() + (record_ ? "; replayed from one recording" : "");
}

Details NetworkTrial::common_details() const {
  Program& program = sets_.front()->program;
  double backend_ns = 0, layers_ns = 0, layer_nodes = 0;
  std::map<std::string_view, double> by_operation;
  const std::vector<NodeTime> nodes = program.time_nodes(kTimedSteps);
  for (const NodeTime& node : nodes) {
    (node.owner == CodeOwner::backend ? backend_ns : layers_ns) += 1e9 * node.seconds;
    layer_nodes += node.owner == CodeOwner::layers ? 1 : 0;
    by_operation[node.operation] += 1e9 * node.seconds;
  }
  Details details = {{"parameters", static_cast<double>(graph_.parameter_count())},
                     {"peak_memory_bytes", static_cast<double>(program.bytes())},
                     {"nodes", static_cast<double>(nodes.size())},
                     {"layer_nodes", layer_nodes},
                     {"nodes_backend_ns", backend_ns},
                     {"nodes_layers_ns", layers_ns}};
  for (const auto& [operation, ns] : by_operation) details.emplace_back(fmt::format("nodes_{}_ns", operation), ns);
  return details;
}

}  // namespace whygpu::networks
