// The forward pass of a network for single requests: the latency that a user sees.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "benchmarks/networks/check.h"
#include "benchmarks/networks/network_graph.h"
#include "benchmarks/networks/network_trial.h"
#include "benchmarks/oracles/random_input.h"

namespace whygpu {
namespace {

using namespace networks;

constexpr int kFewestRequests = 20, kMostRequests = 1000;
constexpr double kLatencySeconds = 0.25;
constexpr std::string_view kProjection = "projection_";
constexpr int kProjections = 8;
constexpr double kProjectionTolerance = 5;  // standard deviations

const std::vector<Parameter>& inference_parameters() {
  static const std::vector<Parameter> parameters = network_parameters("1");
  return parameters;
}

ComputeGraph inference_graph_of(const Case& c) { return inference_graph(network_of(c), parse_dtype(c["dtype"])); }

double percentile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5)];
}

class InferenceTrial final : public NetworkTrial {
 public:
  InferenceTrial(const Case& c, Backend& backend)
      : NetworkTrial(network_of(c), checked_network_of(c), c, backend, inference_graph) {}

  // Compares the output with float64, at the checked sizes and, if the reference is affordable, at full size.
  Verdict verify() override {
    const ComputeGraph checked = inference_graph(checked_network_, products_);
    Program program(checked, backend_);
    if (std::string error = check_output(checked_network_, checked, program, products_); !error.empty()) {
      return {Status::incorrect, "scaled down, " + error};
    }
    compared_ = flops(graph_) <= kReferenceFlops;
    if (compared_) {
      if (std::string error = check_output(network_, graph_, sets_.front()->program, products_); !error.empty()) {
        return {Status::incorrect, error};
      }
    }
    output_ = output_from_the_start();
    return {};
  }

  Verdict verify_again(const std::map<std::string, double>& verified) override {
    if (verified.size() != kProjections) return verify();
    output_ = output_from_the_start();
    for (const auto& [name, value] : projections()) {
      const auto expected = verified.find(name);
      if (expected == verified.end()) return verify();
      // A relative error e of the output moves a projection by about e.
      const bool same = std::abs(value - expected->second) <= kProjectionTolerance * loss_tolerance(products_);
      if (!same) {  // or not a number
        return {Status::incorrect, fmt::format("{} of the output is {:.7g}, in the verified process it was {:.7g}",
                                               name, value, expected->second)};
      }
    }
    return {};
  }

  Verdict check_again() override {
    const std::vector<double> again = output_from_the_start();
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < again.size(); ++i) {
      difference += std::pow(again[i] - output_[i], 2);
      size += std::pow(output_[i], 2);
    }
    const double relative = std::sqrt(difference / size);
    if (relative <= loss_tolerance(products_)) return {};
    return {Status::incorrect, fmt::format("the output differs from the verified one by {:.2g} of its size", relative)};
  }

  Details details() const override {
    Details details = common_details();
    const std::vector<double> latencies = measure_latencies();
    for (const int share : {50, 95, 99}) {
      details.emplace_back(fmt::format("latency_p{}_ns", share), percentile(latencies, share / 100.0));
    }
    details.emplace_back("requests", static_cast<double>(latencies.size()));
    details.emplace_back("reference_at_full_size", compared_ ? 1 : 0);
    const Details projected = projections();
    details.insert(details.end(), projected.begin(), projected.end());
    return details;
  }

 private:
  // Of the verified output onto random directions, over the output's size: any error shows in most of them.
  Details projections() const {
    Details projections;
    double size = 0;
    for (const double value : output_) size += value * value;
    for (int i = 1; i <= kProjections; ++i) {
      Random direction(static_cast<std::uint64_t>(i));
      double sum = 0;
      for (const double value : output_) sum += value * (direction.bits() & 1 ? 1 : -1);
      projections.emplace_back(fmt::format("{}{}", kProjection, i), sum / std::sqrt(size));
    }
    return projections;
  }

  std::vector<double> output_from_the_start() {
    reset(0);
    run(0);
    return sets_.front()->program.download(graph_.output);
  }

  // From the call to the available result, measured by the host's clock, sorted.
  std::vector<double> measure_latencies() const {
    using Clock = std::chrono::steady_clock;
    std::vector<double> latencies;
    const auto begin = Clock::now();
    while (latencies.size() < kMostRequests) {
      const auto start = Clock::now();
      run(0);
      backend_.device().synchronize();
      const auto end = Clock::now();
      latencies.push_back(std::chrono::duration<double, std::nano>(end - start).count());
      if (latencies.size() >= kFewestRequests && std::chrono::duration<double>(end - begin).count() > kLatencySeconds)
        break;
    }
    std::ranges::sort(latencies);
    return latencies;
  }

  std::vector<double> output_;
  bool compared_ = false;
};

class InferenceWorkload final : public Workload {
 public:
  std::string_view name() const override { return "inference"; }
  std::string_view summary() const override { return "the forward pass of a network, with latency percentiles"; }
  std::span<const Parameter> parameters() const override { return inference_parameters(); }
  std::string_view probe() const override { return "inference model=mlp width=64 dtype=f32,tf32,bf16"; }

  void validate(const Case& c) const override { inference_graph_of(c); }

  Work work(const Case& c) const override {
    const ComputeGraph graph = inference_graph_of(c);
    const Value weights = graph.copies == kNone ? graph.weights : graph.copies;
    const auto moved = static_cast<double>(graph.spec(weights).bytes() + graph.spec(graph.input).bytes() +
                                           graph.spec(graph.output).bytes());
    return {flops(graph), moved, static_cast<double>(plan_memory(graph).bytes)};
  }

  bool runs_layers() const override { return true; }
  std::string_view verified_details() const override { return kProjection; }
  double verify_seconds(const Case& c) const override {
    const ComputeGraph graph = inference_graph_of(c);
    return networks::verify_seconds(graph, flops(graph) <= kReferenceFlops ? flops(graph) : 0);
  }

  Support supports(const Case& c, Backend& backend) const override {
    if (Support support = supports_launch(c, backend); !support) return support;
    return networks::supports(inference_graph_of(c), backend);
  }

  std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const override {
    return std::make_unique<InferenceTrial>(c, backend);
  }
};

}  // namespace

const Workload& inference_workload() {
  static const InferenceWorkload workload;
  return workload;
}

}  // namespace whygpu
