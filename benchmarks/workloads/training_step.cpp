// One training step of a network: forward, loss, backward, update.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "benchmarks/networks/check.h"
#include "benchmarks/networks/data_parallel_trial.h"
#include "benchmarks/networks/network_graph.h"
#include "benchmarks/networks/network_trial.h"
#include "benchmarks/worker/ranks.h"

namespace whygpu {
namespace {

using namespace networks;

constexpr double kSlopeFlops = 5e10;  // of the check of slopes at full size, which takes two parameters at least
constexpr int kPhaseSteps = 5;

const std::vector<Parameter>& training_parameters() {
  static const std::vector<Parameter> parameters = [] {
    std::vector<Parameter> list = network_parameters("0");
    std::vector<std::string> optimisers = {"default"};
    for (const OptimiserKind& kind : kinds().optimisers) optimisers.emplace_back(kind.name);
    list.push_back({"optimiser", "default", optimisers, 0, "optimiser of the weights; default: that of the model"});
    list.push_back(
        {std::string(kRanksKey), "1", {}, 1, "processes that train together, each with a share of the batch"});
    list.push_back({"scaling", "strong", {"strong", "weak"}, 0, "the ranks divide the batch, or have one each"});
    list.push_back({"bucket_bytes", "26214400", {}, 4, "gradients that ranks average at once, in whole parameters"});
    return list;
  }();
  return parameters;
}

Network with_optimiser(Network network, const Case& c) {
  if (c["optimiser"] != "default" && c["optimiser"] != network.training.optimiser) {
    network.training = {std::string(c["optimiser"]), find_optimiser(c["optimiser"]).learning_rate};
  }
  return network;
}

// One rank's part: the batch of the case, or its share of it.
Network share_of_rank(const Case& c) {
  Network network = network_of(c);
  if (c["scaling"] == "strong" && network.batch % c.ranks() == 0) network = network_of(c, network.batch / c.ranks());
  return with_optimiser(std::move(network), c);
}

ComputeGraph training_graph_of(const Case& c) { return training_graph(share_of_rank(c), parse_dtype(c["dtype"])); }

RankedTraining ranked_training(const Case& c) {
  const Network share = share_of_rank(c);
  const std::int64_t ranks = c.ranks(), checked = checked_network_of(c).batch;
  const std::int64_t checked_share = (checked + ranks - 1) / ranks;
  return {with_optimiser(network_of(c, share.batch * ranks), c), share,
          with_optimiser(checked_network_of(c, checked_share * ranks), c),
          with_optimiser(checked_network_of(c, checked_share), c), c.number("bucket_bytes")};
}

Support supports_rank_count(const Case& c, Backend& backend) {
  if (c.ranks() == 1) return {};
  if (Support support = supports_ranks(c.ranks(), backend.device()); !support) return support;
  if (c["launch"] == "graph") return Support::no("several ranks queue their steps one by one: launch=eager");
  const Network network = network_of(c);
  if (c["scaling"] == "strong" && network.batch % c.ranks() != 0) {
    return Support::no(fmt::format("a batch of {} does not divide among {} ranks; scaling=weak gives each one its own",
                                   network.batch, c.ranks()));
  }
  return supports_shares(network);
}

class TrainingTrial final : public NetworkTrial {
 public:
  TrainingTrial(const Case& c, Backend& backend)
      : NetworkTrial(with_optimiser(network_of(c), c), with_optimiser(checked_network_of(c), c), c, backend,
                     training_graph) {}

  // In float64: the derivative, at the checked sizes. On the backend: gradients and ten losses at the checked sizes
  // against float64; at full size as many losses as the reference can afford, the slopes, and that the loss decreases.
  Verdict verify() override {
    const std::string scaled = check_scaled_down();
    if (!scaled.empty()) return {Status::incorrect, "scaled down, " + scaled};
    const std::string full = check_full_size();
    reset(0);
    if (!full.empty()) return {Status::incorrect, full};
    return {};
  }

  // The same losses at full size: they depend on every gradient. Both runs may be off by the tolerance.
  Verdict verify_again(const std::map<std::string, double>& verified) override {
    const auto expected = losses_in(verified);
    if (!expected) return verify();
    losses_ = backend_losses(network_, graph_, sets_.front()->program, kCheckedSteps);
    reset(0);
    const std::string error = compare_losses(losses_, *expected, 2 * loss_tolerance(products_));
    return error.empty() ? Verdict{} : Verdict{Status::incorrect, error};
  }

  // The first losses, from the first weights on: whole steps, and one step as it was timed.
  Verdict check_again() override {
    constexpr int kSteps = 3;
    const std::vector<double> expected(losses_.begin(), losses_.begin() + kSteps);
    const std::vector<double> losses = backend_losses(network_, graph_, sets_.front()->program, kSteps);
    std::string error = compare_losses(losses, expected, loss_tolerance(products_));
    reset(0);
    run(0);
    if (error.empty()) error = compare_losses({sets_.front()->program.loss()}, {losses_[0]}, loss_tolerance(products_));
    return error.empty() ? Verdict{} : Verdict{Status::incorrect, error};
  }

  Details details() const override {
    Details details = common_details();
    const std::array<double, 3> phases = phases_ns(sets_.front()->program);
    details.insert(details.end(), {{"forward_ns", phases[0]}, {"backward_ns", phases[1]}, {"update_ns", phases[2]}});
    const Throughput through = throughput(network_);
    details.emplace_back("samples", through.samples);
    if (through.tokens > 0) details.emplace_back("tokens", through.tokens);
    details.emplace_back("reference_steps", reference_steps_);
    append_losses(details, losses_);
    return details;
  }

 private:
  std::string check_scaled_down() {
    const ComputeGraph graph = training_graph(checked_network_, products_);
    if (std::string error = check_derivative(checked_network_, graph); !error.empty()) return error;
    Program program(graph, backend_);
    if (std::string error = check_gradients(checked_network_, graph, program, gradient_tolerance(products_));
        !error.empty()) {
      return error;
    }
    const auto losses = backend_losses(checked_network_, graph, program, kCheckedSteps);
    return compare_losses(losses, reference_losses(checked_network_, graph, kCheckedSteps), loss_tolerance(products_));
  }

  std::string check_full_size() {
    Program& program = sets_.front()->program;
    losses_ = backend_losses(network_, graph_, program, kCheckedSteps);
    reference_steps_ = static_cast<int>(std::min<double>(kCheckedSteps, kReferenceFlops / flops(graph_)));
    const auto expected = reference_losses(network_, graph_, reference_steps_);
    if (std::string error = compare_losses(losses_, expected, loss_tolerance(products_)); !error.empty()) return error;
    if (std::string error = check_falling(losses_); !error.empty()) return error;
    const auto most = static_cast<int>(std::clamp(kSlopeFlops / (2 * flops(graph_, Phase::forward)), 2.0, 1000.0));
    return check_slopes(network_, graph_, program, products_, most);
  }

  // Medians over whole eager steps right after the timed ones, with a stopwatch between the phases.
  std::array<double, 3> phases_ns(Program& program) const {
    std::array<std::unique_ptr<Stopwatch>, 3> stopwatches;
    for (auto& stopwatch : stopwatches) stopwatch = backend_.device().make_stopwatch();
    std::array<std::vector<double>, 3> times;
    for (int step = 0; step < kPhaseSteps; ++step) {
      for (std::size_t i = 0; i < 3; ++i) {
        stopwatches[i]->start();
        program.enqueue(static_cast<Phase>(i));
        stopwatches[i]->stop();
      }
      for (std::size_t i = 0; i < 3; ++i) times[i].push_back(1e9 * stopwatches[i]->seconds());
    }
    std::array<double, 3> medians{};
    for (std::size_t i = 0; i < 3; ++i) {
      std::ranges::nth_element(times[i], times[i].begin() + kPhaseSteps / 2);
      medians[i] = times[i][kPhaseSteps / 2];
    }
    return medians;
  }

  std::vector<double> losses_;
  int reference_steps_ = 0;
};

class TrainingWorkload final : public Workload {
 public:
  std::string_view name() const override { return "training_step"; }
  std::string_view summary() const override {
    return "one training step of a network: forward, loss, backward, update";
  }
  std::span<const Parameter> parameters() const override { return training_parameters(); }
  std::string_view probe() const override { return "training_step model=mlp width=64 batch=8 dtype=f32,tf32,bf16"; }

  void validate(const Case& c) const override { training_graph_of(c); }

  Work work(const Case& c) const override {
    const ComputeGraph graph = training_graph_of(c);
    // Weights and optimiser state are read and written, a batch is read.
    double kept = static_cast<double>(graph.spec(graph.weights).bytes());
    for (const Value value : graph.state) kept += static_cast<double>(graph.spec(value).bytes());
    const auto batch = static_cast<double>(graph.spec(graph.input).bytes() + graph.spec(graph.target).bytes());
    const double ranks = c.ranks();
    return {ranks * flops(graph), ranks * (2 * kept + batch), ranks * static_cast<double>(plan_memory(graph).bytes)};
  }

  bool runs_layers() const override { return true; }
  std::string_view verified_details() const override { return kLossDetail; }
  double verify_seconds(const Case& c) const override {
    const ComputeGraph graph = training_graph_of(c);
    return networks::verify_seconds(graph, std::min<double>(kCheckedSteps * flops(graph), kReferenceFlops));
  }

  Support supports(const Case& c, Backend& backend) const override {
    if (Support support = supports_rank_count(c, backend); !support) return support;
    if (Support support = supports_launch(c, backend); !support) return support;
    return networks::supports(training_graph_of(c), backend);
  }

  std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const override {
    if (c.ranks() > 1) return make_data_parallel_trial(ranked_training(c), c, backend);
    return std::make_unique<TrainingTrial>(c, backend);
  }
};

}  // namespace

const Workload& training_step_workload() {
  static const TrainingWorkload workload;
  return workload;
}

}  // namespace whygpu
