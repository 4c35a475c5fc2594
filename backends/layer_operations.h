// The operations of neural networks besides GEMM and convolution, and their gradients. Arguments stand in the order of
// arguments(): inputs first, then results. Parameters, statistics and their gradients are f32; x and y may be narrower,
// and every kernel computes in f32. A matrix [rows, columns] may be any tensor whose last extent is `columns`.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "backends/operations.h"

namespace whygpu {

// gelu is the tanh form: x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
enum class Activation : std::uint8_t { none, relu, gelu };

// y = activation(x + bias) + residual. Arguments: x, bias[columns], residual (where asked; f32), y, which may be x.
struct BiasActivation {
  std::int64_t rows = 0, columns = 0;
  Activation activation = Activation::none;
  bool residual = false;
  DType input = DType::f32, output = DType::f32;

  bool operator==(const BiasActivation&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list = {{input, {rows, columns}}, {DType::f32, {columns}}};
    if (residual) list.push_back({DType::f32, {rows, columns}});
    list.push_back({output, {rows, columns}});
    return list;
  }
};

// dx = dy · activation'(x + bias), dbias = the sum of dx over the rows. Arguments: dy, what the derivative needs (relu:
// y; gelu: x, bias; none: nothing), dx, dbias.
struct BiasActivationGradient {
  std::int64_t rows = 0, columns = 0;
  Activation activation = Activation::none;
  DType input = DType::f32, saved = DType::f32, output = DType::f32;  // of dy, of x or y, of dx

  bool operator==(const BiasActivationGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list = {{input, {rows, columns}}};
    if (activation != Activation::none) list.push_back({saved, {rows, columns}});
    if (activation == Activation::gelu) list.push_back({DType::f32, {columns}});
    list.push_back({output, {rows, columns}});
    list.push_back({DType::f32, {columns}});
    return list;
  }
};

// Arguments: x, sum over the rows.
struct ColumnSum {
  std::int64_t rows = 0, columns = 0;
  DType input = DType::f32;

  bool operator==(const ColumnSum&) const = default;
  std::vector<TensorSpec> arguments() const { return {{input, {rows, columns}}, {DType::f32, {columns}}}; }
};

inline constexpr double kNormEpsilon = 1e-5;  // added to variances

// y = (x - mean) · rstd · gamma + beta with each row's own mean and 1/√(variance + ε).
// Arguments: x, gamma, beta, y, mean[rows], rstd[rows].
struct LayerNorm {
  std::int64_t rows = 0, columns = 0;
  DType input = DType::f32, output = DType::f32;

  bool operator==(const LayerNorm&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec parameter{DType::f32, {columns}}, statistic{DType::f32, {rows}};
    return {{input, {rows, columns}}, parameter, parameter, {output, {rows, columns}}, statistic, statistic};
  }
};

// Arguments: dy, x, gamma, mean, rstd, addend (where asked: what dx is added to; f32), dx, dgamma, dbeta.
struct LayerNormGradient {
  std::int64_t rows = 0, columns = 0;
  bool addend = false;
  DType input = DType::f32;  // of x; dy and dx are f32

  bool operator==(const LayerNormGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec parameter{DType::f32, {columns}}, statistic{DType::f32, {rows}},
        matrix{DType::f32, {rows, columns}};
    std::vector<TensorSpec> list = {matrix, {input, {rows, columns}}, parameter, statistic, statistic};
    if (addend) list.push_back(matrix);
    list.insert(list.end(), {matrix, parameter, parameter});
    return list;
  }
};

// y = activation((x - mean) · rstd · gamma + beta + residual), the statistics taken over the rows of each column; with
// `fixed`, they are given. Activation is none or relu. Arguments: x, gamma, beta, residual (where asked), y, mean,
// rstd.
struct BatchNorm {
  std::int64_t rows = 0, columns = 0;
  Activation activation = Activation::none;
  bool residual = false, fixed = false;
  DType dtype = DType::f32;  // of x, y and residual

  bool operator==(const BatchNorm&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec parameter{DType::f32, {columns}}, matrix{dtype, {rows, columns}};
    std::vector<TensorSpec> list = {matrix, parameter, parameter};
    if (residual) list.push_back(matrix);
    list.insert(list.end(), {matrix, parameter, parameter});
    return list;
  }
};

// Arguments: dy, x, y (relu only), gamma, mean, rstd, dx, dgamma, dbeta, dresidual (where asked).
struct BatchNormGradient {
  std::int64_t rows = 0, columns = 0;
  Activation activation = Activation::none;
  bool residual = false;
  DType dtype = DType::f32;  // of dy, x, y, dx and dresidual

  bool operator==(const BatchNormGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec parameter{DType::f32, {columns}}, matrix{dtype, {rows, columns}};
    std::vector<TensorSpec> list = {matrix, matrix};
    if (activation == Activation::relu) list.push_back(matrix);
    list.insert(list.end(), {parameter, parameter, parameter, matrix, parameter, parameter});
    if (residual) list.push_back(matrix);
    return list;
  }
};

enum class PoolingKind : std::uint8_t { maximum, average };

// Windows of window×window pixels that tile an NHWC image; what does not fill a window is left out. Arguments: x, y.
struct Pooling {
  PoolingKind kind = PoolingKind::maximum;
  std::int64_t n = 0, h = 0, w = 0, c = 0, window = 2;
  DType dtype = DType::f32;

  bool operator==(const Pooling&) const = default;
  std::vector<TensorSpec> arguments() const { return {{dtype, {n, h, w, c}}, {dtype, {n, h / window, w / window, c}}}; }
};

// The gradient of a maximum goes to its first place in the window. Arguments: dy, x (maximum only), dx.
struct PoolingGradient {
  PoolingKind kind = PoolingKind::maximum;
  std::int64_t n = 0, h = 0, w = 0, c = 0, window = 2;
  DType dtype = DType::f32;

  bool operator==(const PoolingGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list = {{dtype, {n, h / window, w / window, c}}, {dtype, {n, h, w, c}}};
    if (kind == PoolingKind::maximum) list.push_back({dtype, {n, h, w, c}});
    return list;
  }
};

// loss = mean over the rows of logsumexp(logits) - logits[label]. Arguments: logits, labels[rows], logsumexp[rows],
// loss.
struct SoftmaxCrossEntropy {
  std::int64_t rows = 0, columns = 0;

  bool operator==(const SoftmaxCrossEntropy&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{DType::f32, {rows, columns}}, {DType::s32, {rows}}, {DType::f32, {rows}}, {DType::f32, {1}}};
  }
};

// Arguments: logits, labels, logsumexp, dlogits.
struct SoftmaxCrossEntropyGradient {
  std::int64_t rows = 0, columns = 0;
  DType output = DType::f32;

  bool operator==(const SoftmaxCrossEntropyGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{DType::f32, {rows, columns}}, {DType::s32, {rows}}, {DType::f32, {rows}}, {output, {rows, columns}}};
  }
};

// loss = mean (x - target)². Arguments: x, target (f32), loss.
struct MeanSquare {
  std::int64_t count = 0;
  DType input = DType::f32;

  bool operator==(const MeanSquare&) const = default;
  std::vector<TensorSpec> arguments() const { return {{input, {count}}, {DType::f32, {count}}, {DType::f32, {1}}}; }
};

// Arguments: x, target, dx.
struct MeanSquareGradient {
  std::int64_t count = 0;
  DType input = DType::f32;  // of x and dx

  bool operator==(const MeanSquareGradient&) const = default;
  std::vector<TensorSpec> arguments() const { return {{input, {count}}, {DType::f32, {count}}, {input, {count}}}; }
};

// y[b, t] = table[token[b, t]] + positions[t]. Arguments: tokens[batch, length], table, positions, y (all f32 but
// tokens).
struct Embedding {
  std::int64_t batch = 0, length = 0, vocabulary = 0, width = 0;

  bool operator==(const Embedding&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{DType::s32, {batch, length}},
            {DType::f32, {vocabulary, width}},
            {DType::f32, {length, width}},
            {DType::f32, {batch, length, width}}};
  }
};

// Arguments: tokens, dy, dtable (added to where `accumulate`, else overwritten), dpositions.
struct EmbeddingGradient {
  std::int64_t batch = 0, length = 0, vocabulary = 0, width = 0;
  bool accumulate = false;

  bool operator==(const EmbeddingGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{DType::s32, {batch, length}},
            {DType::f32, {batch, length, width}},
            {DType::f32, {vocabulary, width}},
            {DType::f32, {length, width}}};
  }
};

// Row i of each length×length matrix: softmax of scale · x[0..i], and zero after i. Arguments: x (f32), y.
struct CausalSoftmax {
  std::int64_t batch = 0, length = 0;
  double scale = 1;
  DType output = DType::f32;

  bool operator==(const CausalSoftmax&) const = default;
  std::vector<TensorSpec> arguments() const {
    return {{DType::f32, {batch, length, length}}, {output, {batch, length, length}}};
  }
};

// Arguments: dy (f32), y, dx (y's dtype).
struct CausalSoftmaxGradient {
  std::int64_t batch = 0, length = 0;
  double scale = 1;
  DType output = DType::f32;

  bool operator==(const CausalSoftmaxGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    const std::vector<std::int64_t> shape = {batch, length, length};
    return {{DType::f32, shape}, {output, shape}, {output, shape}};
  }
};

// One step of a long short-term memory. With i, f, g, o the quarters of a = input_part + state_part + bias:
// c = σ(f) · c_before + σ(i) · tanh(g), h = σ(o) · tanh(c). Arguments: input_part[rows, 4·width],
// state_part[rows, 4·width], bias[4·width], c_before[rows, width], gates[rows, 4·width] (after σ and tanh), c, h.
struct LstmCell {
  std::int64_t rows = 0, width = 0;
  DType output = DType::f32;  // of h; the rest is f32

  bool operator==(const LstmCell&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec gates{DType::f32, {rows, 4 * width}}, state{DType::f32, {rows, width}};
    return {gates, gates, {DType::f32, {4 * width}}, state, gates, state, {output, {rows, width}}};
  }
};

// Arguments: dh from the layer above, dh and dc from the step after, gates, c_before, c, da[rows, 4·width], dc_before.
struct LstmCellGradient {
  std::int64_t rows = 0, width = 0;
  DType output = DType::f32;  // of da; the rest is f32

  bool operator==(const LstmCellGradient&) const = default;
  std::vector<TensorSpec> arguments() const {
    const TensorSpec gates{DType::f32, {rows, 4 * width}}, state{DType::f32, {rows, width}};
    return {state, state, state, gates, state, state, {output, {rows, 4 * width}}, state};
  }
};

// y's axis i is x's axis order[i]; with the order 0 1 2 3 4 a change of dtype. Arguments: x, y.
struct Permute {
  std::array<std::int64_t, 5> shape = {1, 1, 1, 1, 1};
  std::array<int, 5> order = {0, 1, 2, 3, 4};
  DType input = DType::f32, output = DType::f32;

  bool operator==(const Permute&) const = default;
  std::vector<TensorSpec> arguments() const {
    TensorSpec x{input, {}}, y{output, {}};
    for (int axis = 0; axis < 5; ++axis) {
      x.shape.push_back(shape[axis]);
      y.shape.push_back(shape[order[axis]]);
    }
    return {x, y};
  }
};

// Arguments: a, b, a + b.
struct Add {
  std::int64_t count = 0;
  DType dtype = DType::f32;

  bool operator==(const Add&) const = default;
  std::vector<TensorSpec> arguments() const { return {{dtype, {count}}, {dtype, {count}}, {dtype, {count}}}; }
};

// v = momentum · v + dw, w = w - learning_rate · v. Arguments: dw, w, v, a bf16 copy of w (where asked).
struct SgdMomentum {
  std::int64_t count = 0;
  double learning_rate = 0.01, momentum = 0.9;
  bool copy = false;

  bool operator==(const SgdMomentum&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list(3, {DType::f32, {count}});
    if (copy) list.push_back({DType::bf16, {count}});
    return list;
  }
};

// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), ε outside the root.
// Arguments: dw, w, first and second moment, steps taken so far (s32, counted on), a bf16 copy of w (where asked).
struct AdamW {
  std::int64_t count = 0;
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.01;
  bool copy = false;

  bool operator==(const AdamW&) const = default;
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> list(4, {DType::f32, {count}});
    list.push_back({DType::s32, {1}});
    if (copy) list.push_back({DType::bf16, {count}});
    return list;
  }
};

}  // namespace whygpu
