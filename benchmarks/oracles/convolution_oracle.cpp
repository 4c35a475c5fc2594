#include "benchmarks/oracles/convolution_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <vector>

#include "backends/dtypes.h"
#include "benchmarks/oracles/convolution_problem.h"
#include "benchmarks/oracles/random_input.h"

namespace whygpu {
namespace {

// Empty if element `index` is correct.
std::string element_error(const ConvolutionProblem& problem, const ConvolutionTolerance& tolerance, std::int64_t index,
                          const ExactElement& exact) {
  const double found = problem.result()[index];
  const double allowed = tolerance.of(exact);
  if (std::fabs(found - exact.value) <= allowed) return {};
  return mismatch(problem.name(index), found, exact.value, allowed);
}

// The corners of the result, then random elements, half of them on its edges.
std::vector<std::int64_t> sampled_elements(const TensorSpec& result, std::int64_t random_samples) {
  const auto& shape = result.shape;
  const auto index_of = [&](const std::array<std::int64_t, 4>& at) {
    return ((at[0] * shape[1] + at[1]) * shape[2] + at[2]) * shape[3] + at[3];
  };
  std::vector<std::int64_t> samples;
  for (int corner = 0; corner < 16; ++corner) {
    std::array<std::int64_t, 4> at{};
    for (int axis = 0; axis < 4; ++axis) at[axis] = (corner >> axis & 1) != 0 ? shape[axis] - 1 : 0;
    samples.push_back(index_of(at));
  }
  Random random(1);
  for (std::int64_t i = 0; i < random_samples; ++i) {
    std::array<std::int64_t, 4> at{};
    for (int axis = 0; axis < 4; ++axis) at[axis] = static_cast<std::int64_t>(random.below(shape[axis]));
    if (i % 2 == 0) {
      const auto axis = random.below(4);
      at[axis] = random.below(2) == 0 ? 0 : shape[axis] - 1;
    }
    samples.push_back(index_of(at));
  }
  std::sort(samples.begin(), samples.end());
  samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
  return samples;
}

double products_per_element(const Convolution& op) {
  const auto taps = static_cast<double>(op.r * op.s);
  switch (op.pass) {
    case Pass::forward: return taps * static_cast<double>(op.c / op.groups);
    case Pass::backward_data: return taps * static_cast<double>(op.k / op.groups);
    case Pass::backward_weights: return static_cast<double>(op.n) * static_cast<double>(op.p() * op.q());
  }
  throw std::logic_error("unknown pass");
}

}  // namespace

ExactElement exact_convolution_element(const Convolution& op, const ConvolutionValues& values, std::int64_t index) {
  const ConvolutionProblem problem(op, values);
  return problem.exact(problem.readers, index);
}

double ConvolutionTolerance::of(const ExactElement& exact) const {
  const double accumulated = accumulate * exact.magnitude;
  return accumulated + round * (std::fabs(exact.value) + accumulated) + floor;
}

ConvolutionTolerance convolution_tolerance(const Convolution& op, std::string_view implementation) {
  if (op.dtype == DType::s8) return {};  // integers are exact
  std::string name(implementation);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool winograd = name.find("wino") != std::string::npos;
  const double unit = op.dtype == DType::f64 ? 0x1p-53 : 0x1p-24;
  const bool tensor_cores = op.dtype != DType::f64 && op.dtype != DType::f32;
  ConvolutionTolerance tolerance{unit * (winograd || tensor_cores ? 64 : 16), 0, 0};
  const DType stored = op.arguments()[op.result()].dtype;
  if (stored == DType::bf16) tolerance.round = 0x1p-8;
  if (stored == DType::f16) {
    tolerance.round = 0x1p-11;
    tolerance.floor = 0x1p-25;
  }
  return tolerance;
}

Verdict check_every_element(const Convolution& op, const ConvolutionValues& values,
                            const ConvolutionTolerance& tolerance) {
  const ConvolutionProblem problem(op, values);
  const std::int64_t elements = problem.result_spec().elements();
  std::array<std::vector<double>, 3> inputs;
  std::array<const double*, 3> from{};
  for (int i = 0; i < 3; ++i) {
    if (i == op.result()) continue;
    inputs[i].resize(problem.specs[i].elements());
    problem.readers[i].read(0, problem.specs[i].elements(), inputs[i].data());
    from[i] = inputs[i].data();
  }
  std::int64_t wrong = 0;
  std::string first;
  for (std::int64_t index = 0; index < elements; ++index) {
    const std::string error = element_error(problem, tolerance, index, problem.exact(from, index));
    if (error.empty()) continue;
    if (wrong++ == 0) first = error;
  }
  if (wrong == 0) return {};
  return {Status::incorrect, fmt::format("{} ({} of {} elements wrong)", first, wrong, elements)};
}

Verdict check_by_probes(const Convolution& op, const ConvolutionValues& values, const ConvolutionTolerance& tolerance) {
  constexpr double kProductBudget = 0x1p22;
  const ConvolutionProblem problem(op, values);
  const auto samples = static_cast<std::int64_t>(std::clamp(kProductBudget / products_per_element(op), 4.0, 4096.0));
  for (const std::int64_t index : sampled_elements(problem.result_spec(), samples)) {
    const std::string error = element_error(problem, tolerance, index, problem.exact(problem.readers, index));
    if (!error.empty()) return {Status::incorrect, error};
  }
  return probe_convolution(problem, tolerance);
}

Verdict check_convolution(const Convolution& op, const ConvolutionValues& values, std::string_view implementation) {
  constexpr double kAffordableProducts = 0x1p25;
  const ConvolutionTolerance tolerance = convolution_tolerance(op, implementation);
  const double products = products_per_element(op) * static_cast<double>(op.arguments()[op.result()].elements());
  return products <= kAffordableProducts ? check_every_element(op, values, tolerance)
                                         : check_by_probes(op, values, tolerance);
}

}  // namespace whygpu
