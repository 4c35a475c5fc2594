#include "backends/devices/host_borrowed.h"

#include <algorithm>
#include <cmath>

#include "backends/devices/host.h"
#include "backends/devices/kernels/kernels.h"

namespace whygpu {
namespace {

using kernels::Kernel;
using kernels::Range;

// Fewer elements than this are not worth waking a thread for.
constexpr std::int64_t kElementsPerTask = 16 << 10;

const kernels::Kernels& best_kernels() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd")) {
    return kernels::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    return kernels::avx2;
  }
#endif
  return kernels::baseline;
}

// Cuts items among threads and adds up what they sum.
class Parallel {
 public:
  Parallel(HostThreads& threads, std::int64_t items, std::int64_t elements)
      : threads_(threads),
        items_(items),
        tasks_(static_cast<int>(std::clamp<std::int64_t>(elements / kElementsPerTask, 1,
                                                         std::min<std::int64_t>(items, threads.count())))) {}

  template <class O>
  void run(Kernel<O> kernel, const O& op, void* const* t) {
    threads_.run(tasks_, [&](int task) { kernel(op, t, range(task), nullptr); });
  }

  // The sums over all items of `width` numbers; a kernel gets room for twice as many.
  template <class O>
  const float* sum(Kernel<O> kernel, const O& op, void* const* t, std::int64_t width) {
    const std::int64_t slice = (2 * width + 15) / 16 * 16;
    partial_.resize(static_cast<std::size_t>(slice * tasks_));
    threads_.run(tasks_, [&](int task) { kernel(op, t, range(task), partial_.data() + task * slice); });
    for (int task = 1; task < tasks_; ++task) {
      for (std::int64_t i = 0; i < width; ++i) partial_[i] += partial_[task * slice + i];
    }
    return partial_.data();
  }

 private:
  Range range(int task) const { return {items_ * task / tasks_, items_ * (task + 1) / tasks_}; }

  HostThreads& threads_;
  std::int64_t items_;
  int tasks_;
  std::vector<float> partial_;
};

// items(op): what a kernel's range counts. run(op, …): one run.
template <class O>
std::int64_t items(const O& op) {
  if constexpr (requires { op.count; }) {
    return op.count;
  } else {
    return op.rows;
  }
}
std::int64_t items(const Pooling& op) { return op.n * (op.h / op.window); }
std::int64_t items(const PoolingGradient& op) { return op.n * (op.h / op.window); }
std::int64_t items(const Embedding& op) { return op.batch * op.length; }
std::int64_t items(const EmbeddingGradient& op) { return op.width; }
std::int64_t items(const CausalSoftmax& op) { return op.batch * op.length; }
std::int64_t items(const CausalSoftmaxGradient& op) { return op.batch * op.length; }
std::int64_t items(const Permute& op) { return op.shape[op.order[0]] * op.shape[op.order[1]] * op.shape[op.order[2]]; }

void copy_sums(const float* sums, void* result, std::int64_t count) {
  std::copy_n(sums, count, static_cast<float*>(result));
}

void run(const BiasActivation& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.bias_activation, op, t);
}
void run(const BiasActivationGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  copy_sums(p.sum(k.bias_activation_gradient, op, t, op.columns), t[op.arguments().size() - 1], op.columns);
}
void run(const ColumnSum& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  copy_sums(p.sum(k.column_sum, op, t, op.columns), t[1], op.columns);
}
void run(const LayerNorm& op, Parallel& p, void* const* t, const kernels::Kernels& k) { p.run(k.layer_norm, op, t); }
void run(const LayerNormGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  const float* sums = p.sum(k.layer_norm_gradient, op, t, 2 * op.columns);
  void* const* results = t + (op.addend ? 7 : 6);
  copy_sums(sums, results[0], op.columns);
  copy_sums(sums + op.columns, results[1], op.columns);
}

void run(const BatchNorm& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  if (!op.fixed) {
    const float* sums = p.sum(k.batch_norm_sums, op, t, 2 * op.columns);
    auto* const* results = t + (op.residual ? 5 : 4);
    auto *mean = static_cast<float*>(results[0]), *rstd = static_cast<float*>(results[1]);
    const auto rows = static_cast<double>(op.rows);
    for (std::int64_t i = 0; i < op.columns; ++i) {
      const float pivot = op.dtype == DType::bf16
                              ? std::bit_cast<float>(std::uint32_t{static_cast<std::uint16_t*>(t[0])[i]} << 16)
                              : static_cast<float*>(t[0])[i];
      const double shift = sums[i] / rows, variance = sums[op.columns + i] / rows - shift * shift;
      mean[i] = static_cast<float>(pivot + shift);
      rstd[i] = static_cast<float>(1 / std::sqrt(std::max(variance, 0.0) + kNormEpsilon));
    }
  }
  p.run(k.batch_norm, op, t);
}

void run(const BatchNormGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  const float* sums = p.sum(k.batch_norm_gradient_sums, op, t, 2 * op.columns);
  void* const* results = t + (op.activation == Activation::relu ? 7 : 6);
  copy_sums(sums, results[0], op.columns);
  copy_sums(sums + op.columns, results[1], op.columns);
  p.run(k.batch_norm_gradient, op, t);
}

void run(const Pooling& op, Parallel& p, void* const* t, const kernels::Kernels& k) { p.run(k.pooling, op, t); }
void run(const PoolingGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.pooling_gradient, op, t);
}
void run(const SoftmaxCrossEntropy& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  *static_cast<float*>(t[3]) = *p.sum(k.softmax_cross_entropy, op, t, 1) / static_cast<float>(op.rows);
}
void run(const SoftmaxCrossEntropyGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.softmax_cross_entropy_gradient, op, t);
}
void run(const MeanSquare& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  *static_cast<float*>(t[2]) = *p.sum(k.mean_square, op, t, 1) / static_cast<float>(op.count);
}
void run(const MeanSquareGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.mean_square_gradient, op, t);
}
void run(const Embedding& op, Parallel& p, void* const* t, const kernels::Kernels& k) { p.run(k.embedding, op, t); }
void run(const EmbeddingGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.embedding_gradient, op, t);
}
void run(const CausalSoftmax& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.causal_softmax, op, t);
}
void run(const CausalSoftmaxGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.causal_softmax_gradient, op, t);
}
void run(const LstmCell& op, Parallel& p, void* const* t, const kernels::Kernels& k) { p.run(k.lstm_cell, op, t); }
void run(const LstmCellGradient& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.lstm_cell_gradient, op, t);
}
void run(const Permute& op, Parallel& p, void* const* t, const kernels::Kernels& k) { p.run(k.permute, op, t); }
void run(const Add& op, Parallel& p, void* const* t, const kernels::Kernels& k) { p.run(k.add, op, t); }
void run(const SgdMomentum& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  p.run(k.sgd_momentum, op, t);
}
void run(const AdamW& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  ++*static_cast<std::int32_t*>(t[4]);
  p.run(k.adamw, op, t);
}

template <class O>
concept Lendable = requires(const O& op, Parallel& p, void* const* t, const kernels::Kernels& k) {
  run(op, p, t, k);
};

template <Lendable O>
class Borrowed final : public HostOperation {
 public:
  Borrowed(const O& op, HostThreads& threads)
      : HostOperation(op.arguments()), op_(op), threads_(threads), parallel_(threads, items(op), largest(op)) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    void* storage[16];
    for (std::size_t i = 0; i < tensors.size(); ++i) storage[i] = host_data<void>(tensors[i]);
    run(op_, parallel_, storage, best_kernels());
  }

  std::string implementation() const override {
    return std::string("borrowed: ") + best_kernels().instruction_set +
           " loops, threads=" + std::to_string(threads_.count());
  }

 private:
  static std::int64_t largest(const O& op) {
    std::int64_t most = 0;
    for (const TensorSpec& spec : op.arguments()) most = std::max(most, spec.elements());
    return most;
  }

  O op_;
  HostThreads& threads_;
  Parallel parallel_;
};

}  // namespace

bool is_borrowed(const Op& op) {
  return std::visit([]<class O>(const O&) { return Lendable<O>; }, op);
}

std::unique_ptr<Operation> prepare_borrowed(const Op& op, HostThreads& threads) {
  return std::visit(
      [&threads]<class O>(const O& shape) -> std::unique_ptr<Operation> {
        if constexpr (Lendable<O>) {
          return std::make_unique<Borrowed<O>>(shape, threads);
        } else {
          return nullptr;
        }
      },
      op);
}

}  // namespace whygpu
