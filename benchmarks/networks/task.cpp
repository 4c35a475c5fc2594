#include "benchmarks/networks/task.h"

#include <algorithm>
#include <cmath>

#include "benchmarks/oracles/random_input.h"

namespace whygpu::networks {
namespace {

constexpr std::uint64_t kWeightsSeed = 1, kTeacherSeed = 2, kBatchSeed = 1000;
constexpr int kTaps = 4;  // input values that contribute to a regression target

double rounded(double value) { return static_cast<float>(value); }

void fill_classes(const TensorSpec& input, std::int64_t classes, Random& random, Batch& batch) {
  const std::int64_t rows = input.shape[0], columns = input.elements() / rows;
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto label = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(classes)));
    Random teacher(kTeacherSeed + 7919 * static_cast<std::uint64_t>(label));
    for (std::int64_t i = 0; i < columns; ++i) {
      batch.input.push_back(rounded(0.8 * random.uniform() + 0.2 * teacher.uniform()));
    }
    batch.target.push_back(static_cast<double>(label));
  }
}

void fill_tokens(const TensorSpec& input, std::int64_t vocabulary, Random& random, Batch& batch) {
  const auto follower = [vocabulary](std::int64_t token) {
    return static_cast<std::int64_t>(
        Random(kTeacherSeed + static_cast<std::uint64_t>(token)).below(static_cast<std::uint64_t>(vocabulary)));
  };
  for (std::int64_t row = 0; row < input.shape[0]; ++row) {
    auto token = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(vocabulary)));
    for (std::int64_t t = 0; t < input.shape[1]; ++t) {
      batch.input.push_back(static_cast<double>(token));
      token = follower(token);
      batch.target.push_back(static_cast<double>(token));
    }
  }
}

// The row of the input at the position of row `row` of the output.
std::int64_t input_row(const TensorSpec& input, const TensorSpec& output, std::int64_t row) {
  if (input.shape.size() != 4 || output.shape.size() != 4) return row;
  const std::int64_t q = row % output.shape[2], p = row / output.shape[2] % output.shape[1];
  const std::int64_t n = row / output.shape[2] / output.shape[1];
  return (n * input.shape[1] + p * input.shape[1] / output.shape[1]) * input.shape[2] +
         q * input.shape[2] / output.shape[2];
}

void fill_mixtures(const TensorSpec& input, const TensorSpec& output, Random& random, Batch& batch) {
  for (std::int64_t i = 0; i < input.elements(); ++i) batch.input.push_back(rounded(random.uniform()));
  const std::int64_t columns = output.shape.back(), features = input.shape.back();
  const std::int64_t rows = output.elements() / columns;
  if (rows > input.elements() / features)
    throw std::logic_error("mean_square: the output has more rows than the input");
  struct Tap {
    std::int64_t feature;
    double factor;
  };
  std::vector<Tap> taps;
  Random teacher(kTeacherSeed);
  for (std::int64_t i = 0; i < columns * kTaps; ++i) {
    taps.push_back({static_cast<std::int64_t>(teacher.below(static_cast<std::uint64_t>(features))), teacher.uniform()});
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    const double* x = batch.input.data() + input_row(input, output, row) * features;
    for (std::int64_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (int tap = 0; tap < kTaps; ++tap) {
        const auto& [feature, factor] = taps[static_cast<std::size_t>(column * kTaps + tap)];
        sum += factor * x[feature];
      }
      batch.target.push_back(rounded(std::tanh(sum)));
    }
  }
}

}  // namespace

Batch make_batch(const Network& network, const ComputeGraph& graph, int index) {
  Random random(kBatchSeed + static_cast<std::uint64_t>(index));
  Batch batch;
  const TensorSpec &input = graph.spec(graph.input), &output = graph.spec(graph.output);
  if (network.input.kind == "tokens") {
    fill_tokens(input, network.input.number("vocabulary"), random, batch);
  } else if (find_loss(network.loss).classes) {
    fill_classes(input, output.shape.back(), random, batch);
  } else {
    fill_mixtures(input, output, random, batch);
  }
  return batch;
}

std::vector<double> initial_weights(const ComputeGraph& graph) {
  std::vector<double> weights(static_cast<std::size_t>(graph.spec(graph.weights).elements()));
  Random random(kWeightsSeed);
  for (const TrainedParameter& parameter : graph.parameters) {
    const Place where = place(graph, parameter.weights);
    const std::int64_t count = graph.spec(parameter.weights).elements();
    const double middle = (parameter.high + parameter.low) / 2, reach = (parameter.high - parameter.low) / 2;
    for (std::int64_t i = 0; i < count; ++i) {
      weights[static_cast<std::size_t>(where.offset + i)] =
          rounded(middle + (reach == 0 ? 0 : reach * random.uniform()));
    }
  }
  return weights;
}

}  // namespace whygpu::networks
