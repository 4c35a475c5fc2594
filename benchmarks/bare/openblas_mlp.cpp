// Compares inference and training_step of model=mlp on the openblas backend with the same network written by hand:
// cblas_sgemm and plain loops (compare_pairs.h). Wall-clock time, since that is what a worker measures. One thread.
//
//   bin/bare_openblas_mlp [1] [case …]               (model=mlp, f32, eager, mode=hot)
#include <cblas.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "benchmarks/bare/buffers.h"
#include "benchmarks/bare/compare_pairs.h"
#include "benchmarks/bare/worker_samples.h"

namespace whygpu {
namespace {

constexpr int kLayers = 3, kSteps = 5, kNetworkPairs = 25;
constexpr std::int64_t kPixels = 784, kClasses = 10;
constexpr float kMomentum = 0.9F, kLearningRate = 0.02F;

// Where the weights [outputs, inputs] and the bias of a dense layer lie among all parameters.
struct Dense {
  std::int64_t inputs, outputs, weights, bias;
};

// 784-width-width-10: two layers with ReLU, one without, and the cross entropy of its classes.
class Mlp {
 public:
  Mlp(std::int64_t batch, std::int64_t width, bool training)
      : batch_(batch),
        layers_(layers(width)),
        parameters_(end(layers_)),
        gradients_(training ? end(layers_) : 1),
        momentum_(training ? end(layers_) : 1),
        x_(Floats::random(batch * kPixels, 21)) {
    for (const Dense& l : layers_) {
      const float bound = std::sqrt(6.0F / static_cast<float>(l.inputs));
      Floats weights = Floats::random(l.inputs * l.outputs, 22 + static_cast<std::uint64_t>(l.weights), bound);
      std::copy_n(weights.data(), l.inputs * l.outputs, parameters_.data() + l.weights);
      y_.emplace_back(batch * l.outputs);
      dy_.emplace_back(training ? batch * l.outputs : 1);
    }
    for (std::int64_t row = 0; row < batch; ++row) labels_.push_back(static_cast<int>(row * 7 % kClasses));
  }

  void forward() {
    for (int i = 0; i < kLayers; ++i) {
      const Dense& l = layers_[i];
      float* y = y_[i].data();
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, batch_, l.outputs, l.inputs, 1, input(i), l.inputs,
                  parameters_.data() + l.weights, l.inputs, 0, y, l.outputs);
      const float* bias = parameters_.data() + l.bias;
      for (std::int64_t row = 0; row < batch_; ++row, y += l.outputs) {
        for (std::int64_t j = 0; j < l.outputs; ++j) y[j] += bias[j];
        if (i == kLayers - 1) continue;
        for (std::int64_t j = 0; j < l.outputs; ++j) y[j] = y[j] > 0 ? y[j] : 0;
      }
    }
  }

  // Also computes the derivative of the mean loss with respect to the outputs.
  float loss() {
    float sum = 0;
    for (std::int64_t row = 0; row < batch_; ++row) {
      const float* y = y_.back().data() + row * kClasses;
      float* dy = dy_.back().data() + row * kClasses;
      const float top = *std::max_element(y, y + kClasses);
      float total = 0;
      for (std::int64_t j = 0; j < kClasses; ++j) total += dy[j] = std::exp(y[j] - top);
      sum += std::log(total) + top - y[labels_[row]];
      for (std::int64_t j = 0; j < kClasses; ++j) dy[j] /= total * static_cast<float>(batch_);
      dy[labels_[row]] -= 1 / static_cast<float>(batch_);
    }
    return sum / static_cast<float>(batch_);
  }

  void backward() {
    for (int i = kLayers - 1; i >= 0; --i) {
      const Dense& l = layers_[i];
      float* dbias = gradients_.data() + l.bias;
      std::fill_n(dbias, l.outputs, 0.0F);
      for (std::int64_t row = 0; row < batch_; ++row) {
        const float* y = y_[i].data() + row * l.outputs;
        float* dy = dy_[i].data() + row * l.outputs;
        if (i < kLayers - 1) {
          for (std::int64_t j = 0; j < l.outputs; ++j) dy[j] = y[j] > 0 ? dy[j] : 0;
        }
        for (std::int64_t j = 0; j < l.outputs; ++j) dbias[j] += dy[j];
      }
      if (i > 0) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, batch_, l.inputs, l.outputs, 1, dy_[i].data(), l.outputs,
                    parameters_.data() + l.weights, l.inputs, 0, dy_[i - 1].data(), l.inputs);
      }
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, l.outputs, l.inputs, batch_, 1, dy_[i].data(), l.outputs,
                  input(i), l.inputs, 0, gradients_.data() + l.weights, l.inputs);
    }
  }

  // SGD with momentum.
  void update() {
    const float* __restrict dw = gradients_.data();
    float* __restrict w = parameters_.data();
    float* __restrict v = momentum_.data();
    for (std::int64_t i = 0; i < end(layers_); ++i) {
      v[i] = kMomentum * v[i] + dw[i];
      w[i] -= kLearningRate * v[i];
    }
  }

 private:
  using Layers = std::array<Dense, kLayers>;

  static Layers layers(std::int64_t width) {
    const std::int64_t sizes[] = {kPixels, width, width, kClasses};
    Layers result{};
    std::int64_t next = 0;
    for (int i = 0; i < kLayers; ++i) {
      result[i] = {sizes[i], sizes[i + 1], next, next + sizes[i] * sizes[i + 1]};
      next = (result[i].bias + sizes[i + 1] + 15) / 16 * 16;  // whole cache lines
    }
    return result;
  }
  static std::int64_t end(const Layers& layers) { return layers.back().bias + kClasses; }
  float* input(int layer) { return layer == 0 ? x_.data() : y_[layer - 1].data(); }

  std::int64_t batch_;
  Layers layers_;
  Floats parameters_, gradients_, momentum_, x_;
  std::vector<Floats> y_, dy_;  // of each layer
  std::vector<int> labels_;
};

template <class Run>
double seconds_of(Run&& run) {
  const double start = wall_seconds();
  run();
  return wall_seconds() - start;
}

void compare_inference(const Case& c, WorkerSamples& samples, Mlp& mlp) {
  const auto bare = [&] {
    const double batch = seconds_of([&] {
      for (std::int64_t i = 0; i < samples.batch(); ++i) mlp.forward();
    });
    std::vector<double> latencies;  // as many as the workload takes
    for (double total = 0; latencies.size() < 1000 && (latencies.size() < 20 || total < 1);) {
      latencies.push_back(seconds_of([&] { mlp.forward(); }));
      total += latencies.back();
    }
    return std::vector{batch / static_cast<double>(samples.batch()), median(latencies)};
  };
  const auto trial = [&] {
    const double sample = samples.next();
    return std::vector{sample, 1e-9 * samples.details().at("latency_p50_ns")};
  };
  compare_seconds({c.text() + ", samples", c.text() + ", latency_p50_ns"}, openblas_get_corename(), trial, bare,
                  kNetworkPairs);
}

void compare_training(const Case& c, WorkerSamples& samples, Mlp& mlp) {
  float loss = 0;
  const auto bare = [&] {
    std::array<std::vector<double>, 4> seconds;
    for (std::int64_t step = 0; step < kSteps; ++step) {
      seconds[1].push_back(seconds_of([&] { mlp.forward(), loss = mlp.loss(); }));
      seconds[2].push_back(seconds_of([&] { mlp.backward(); }));
      seconds[3].push_back(seconds_of([&] { mlp.update(); }));
      seconds[0].push_back(seconds[1].back() + seconds[2].back() + seconds[3].back());
    }
    return std::vector{median(seconds[0]), median(seconds[1]), median(seconds[2]), median(seconds[3])};
  };
  const auto trial = [&] {
    std::vector<double> steps;
    while (steps.size() < kSteps) steps.push_back(samples.next());
    const auto details = samples.details();
    return std::vector{median(steps), 1e-9 * details.at("forward_ns"), 1e-9 * details.at("backward_ns"),
                       1e-9 * details.at("update_ns")};
  };
  mlp.forward();
  const float first = mlp.loss();
  compare_seconds({c.text() + ", samples", "  forward_ns", "  backward_ns", "  update_ns"}, openblas_get_corename(),
                  trial, bare, kNetworkPairs);
  if (!(loss < first)) throw std::runtime_error(fmt::format("the bare loss went from {} to {}", first, loss));
}

void compare(const Case& c, LoadedBackend& backend) {
  if (c["model"] != "mlp" || c["dtype"] != "f32" || openblas_get_num_threads() != 1) {
    throw std::runtime_error(c.text() + ": needs model=mlp, dtype=f32 and one thread");
  }
  const std::int64_t batch = c.number("batch") != 0 ? c.number("batch") : 128;
  const std::int64_t width = c.number("width") != 0 ? c.number("width") : 4096;
  const bool training = c.workload == "training_step";
  WorkerSamples samples(c, *backend);
  Mlp mlp(batch, width, training);
  training ? compare_training(c, samples, mlp) : compare_inference(c, samples, mlp);
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main(
      "openblas", {"inference model=mlp width=256,1024,4096", "training_step model=mlp width=256,1024,4096"},
      whygpu::compare, argc, argv);
}
