#include "benchmarks/networks/check.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "benchmarks/networks/reference.h"
#include "benchmarks/oracles/random_input.h"

namespace whygpu::networks {
namespace {

// Central differences in float64 are then accurate to about 1e-9, and few units cross the kink of a relu.
constexpr double kStep = 1e-7, kDerivativeTolerance = 1e-5;

// Relative change of the loss in a slope check, well above the rounding of the products, and the allowed error of the
// slope.
double slope_share(DType products) { return products == DType::f32 ? 2e-3 : 2e-2; }
double slope_tolerance(DType products) { return products == DType::f32 ? 0.02 : 0.2; }
constexpr double kLongestStep = 0.1;  // relative to the parameter

constexpr std::uint64_t kDirectionSeed = 77;

// Half the distance between neighbours in bf16. Against a reference that rounds in the same places, only the few sums
// on the other side of a rounding boundary or of a kink differ.
constexpr double kBf16Rounding = 0x1p-8;

double norm(std::span<const double> x) { return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0)); }

void load(Reference& reference, const ComputeGraph& graph, const Batch& batch) {
  std::ranges::copy(batch.input, reference.values(graph.input).begin());
  if (graph.target != kNone) std::ranges::copy(batch.target, reference.values(graph.target).begin());
}

Reference first_step(const Network& network, const ComputeGraph& graph, Rounding rounding) {
  Reference reference(graph, rounding);
  reference.set_weights(initial_weights(graph));
  load(reference, graph, make_batch(network, graph, 0));
  reference.run(Phase::forward);
  reference.run(Phase::backward);
  return reference;
}

std::span<const double> part_of(const std::vector<double>& flat, const ComputeGraph& graph, Value value) {
  return std::span(flat).subspan(static_cast<std::size_t>(place(graph, value).offset),
                                 static_cast<std::size_t>(graph.spec(value).elements()));
}

}  // namespace

double loss_tolerance(DType products) { return products == DType::bf16 ? 1e-2 : products == DType::tf32 ? 1e-3 : 1e-5; }

double gradient_tolerance(DType products) {
  return products == DType::bf16 ? kBf16Rounding : products == DType::tf32 ? 5e-3 : 1e-4;
}

double output_tolerance(DType products) {
  return products == DType::bf16 ? kBf16Rounding : products == DType::tf32 ? 3e-3 : 1e-5;
}

std::string check_derivative(const Network& network, const ComputeGraph& graph) {
  Reference reference = first_step(network, graph, Rounding::none);
  Random random(kDirectionSeed);
  for (const TrainedParameter& parameter : graph.parameters) {
    const std::span<double> w = reference.values(parameter.weights), dw = reference.values(parameter.gradient);
    std::vector<double> direction(w.size());
    for (double& x : direction) x = random.uniform();
    const double expected = std::inner_product(dw.begin(), dw.end(), direction.begin(), 0.0);
    const std::vector<double> before(w.begin(), w.end());
    const auto loss_at = [&](double distance) {
      for (std::size_t i = 0; i < w.size(); ++i) w[i] = before[i] + distance * direction[i];
      reference.run(Phase::forward);
      return reference.loss();
    };
    const double measured = (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
    std::ranges::copy(before, w.begin());
    if (!(std::abs(measured - expected) <= kDerivativeTolerance * std::max(norm(dw) * norm(direction), 1e-3))) {
      return fmt::format("{}: the gradient along a random direction is {:.9g}, finite differences give {:.9g}",
                         parameter.name, expected, measured);
    }
  }
  return {};
}

std::vector<double> reference_losses(const Network& network, const ComputeGraph& graph, int steps) {
  Reference reference(graph);
  reference.set_weights(initial_weights(graph));
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    load(reference, graph, make_batch(network, graph, step % kBatches));
    for (const Phase phase : {Phase::forward, Phase::backward, Phase::update}) reference.run(phase);
    losses.push_back(reference.loss());
  }
  return losses;
}

std::vector<double> backend_losses(const Network& network, const ComputeGraph& graph, Program& program, int steps) {
  program.reset();
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    program.load(make_batch(network, graph, step % kBatches));
    program.enqueue();
    losses.push_back(program.loss());
  }
  return losses;
}

void append_losses(std::vector<std::pair<std::string, double>>& details, const std::vector<double>& losses) {
  for (std::size_t i = 0; i < losses.size(); ++i) {
    details.emplace_back(fmt::format("{}{}", kLossDetail, i + 1), losses[i]);
  }
}

std::optional<std::vector<double>> losses_in(const std::map<std::string, double>& details) {
  std::vector<double> losses;
  for (int i = 1; i <= kCheckedSteps; ++i) {
    const auto loss = details.find(fmt::format("{}{}", kLossDetail, i));
    if (loss == details.end()) return std::nullopt;
    losses.push_back(loss->second);
  }
  return losses;
}

std::string check_gradients(const Network& network, const ComputeGraph& graph, Program& program, double tolerance) {
  Reference reference = first_step(network, graph, Rounding::bf16_values);
  program.reset();
  program.load(make_batch(network, graph, 0));
  program.enqueue(Phase::forward);
  program.enqueue(Phase::backward);
  const std::vector<double> gradients = program.download(graph.gradients);
  // Gradients that are zero except for rounding are compared relative to the size of the others.
  const double floor =
      1e-3 * norm(reference.values(graph.gradients)) / std::sqrt(static_cast<double>(graph.parameters.size()));
  for (const TrainedParameter& parameter : graph.parameters) {
    const std::span<const double> expected = reference.values(parameter.gradient);
    const std::span<const double> given = part_of(gradients, graph, parameter.gradient);
    double error = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) error += (given[i] - expected[i]) * (given[i] - expected[i]);
    error = std::sqrt(error) / std::max(norm(expected), floor);
    if (!(error <= tolerance)) {
      return fmt::format("the gradient of {} is off by {:.2g} of its size, {:.0e} is allowed", parameter.name, error,
                         tolerance);
    }
  }
  return {};
}

std::string check_slopes(const Network& network, const ComputeGraph& graph, Program& program, DType products,
                         int most) {
  program.reset();
  program.load(make_batch(network, graph, 0));
  program.enqueue(Phase::forward);
  program.enqueue(Phase::backward);
  const double loss = program.loss();
  const double share = slope_share(products), tolerance = slope_tolerance(products);
  const int count = static_cast<int>(graph.parameters.size()), checked = std::min(most, count);
  for (int i = 0; i < checked; ++i) {
    const TrainedParameter& parameter =
        graph.parameters[static_cast<std::size_t>(static_cast<std::int64_t>(i) * count / checked)];
    const std::vector<double> before = program.download(parameter.weights),
                              slope = program.download(parameter.gradient);
    const double steepness = norm(slope), distance = share * loss / steepness;
    // A step so long that the loss is no longer nearly linear is not usable.
    if (distance > kLongestStep * std::max(norm(before), 1.0)) continue;
    const auto loss_at = [&](double signed_distance) {
      std::vector<double> moved = before;
      for (std::size_t j = 0; j < moved.size(); ++j) moved[j] += signed_distance * slope[j] / steepness;
      program.set_weights(parameter, moved);
      program.enqueue(Phase::forward);
      return program.loss();
    };
    const double measured = (loss_at(distance) - loss_at(-distance)) / (2 * distance);
    program.set_weights(parameter, before);
    if (!(std::abs(measured - steepness) <= tolerance * steepness)) {
      return fmt::format("the gradient of {} has the length {:.4g}, but along it the loss changes by {:.4g}",
                         parameter.name, steepness, measured);
    }
  }
  return {};
}

std::string check_output(const Network& network, const ComputeGraph& graph, Program& program, DType products) {
  Reference reference(graph, Rounding::bf16_values);
  reference.set_weights(initial_weights(graph));
  const Batch batch = make_batch(network, graph, 0);
  load(reference, graph, batch);
  reference.run(Phase::forward);
  program.reset();
  program.load(batch);
  program.enqueue();
  const std::vector<double> output = program.download(graph.output);
  const std::span<const double> expected = reference.values(graph.output);
  double error = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) error += (output[i] - expected[i]) * (output[i] - expected[i]);
  error = std::sqrt(error) / norm(expected);
  const double tolerance = output_tolerance(products);
  if (error <= tolerance) return {};
  return fmt::format("the output is off by {:.2g} of its size, {:.0e} is allowed", error, tolerance);
}

std::string compare_losses(const std::vector<double>& losses, const std::vector<double>& expected, double tolerance) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double scale = std::max(std::abs(expected[i]), std::abs(expected.front()));
    if (!(std::abs(losses[i] - expected[i]) <= tolerance * scale)) {
      return fmt::format("the loss of step {} is {:.7g}, {:.7g} is expected; an error of {:.2g} is allowed", i + 1,
                         losses[i], expected[i], tolerance * scale);
    }
  }
  return {};
}

std::string check_falling(const std::vector<double>& losses) {
  for (int first = 0; first < kBatches; ++first) {
    const int last = kCheckedSteps - kBatches + first;
    if (!(losses[static_cast<std::size_t>(last)] < losses[static_cast<std::size_t>(first)])) {
      return fmt::format("the loss does not fall: step {} has {:.7g}, step {} on the same batch {:.7g}", first + 1,
                         losses[static_cast<std::size_t>(first)], last + 1, losses[static_cast<std::size_t>(last)]);
    }
  }
  return {};
}

}  // namespace whygpu::networks
