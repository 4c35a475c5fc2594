// Operations that sum. Rows: a team of threads shares one row; team.sum(x) and team.maximum(x) are over the team, and
// every thread gets them. Columns: add(row, column, sums) for every element, finish(column, sums) once for each column.
// Totals: value(i) for every element, finish(sum) once.
#pragma once

#include "backends/devices/cuda_layers/values.h"

namespace whygpu::cuda_layers {

struct LayerNormRow {
  Values x, y;
  const float *gamma, *beta;
  float *mean, *rstd;
  Index columns;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * columns;
    float sum = 0, squares = 0;
    for (Index i = team.index(); i < columns; i += team.size()) sum += x[first + i];
    const float center = team.sum(sum) / static_cast<float>(columns);
    for (Index i = team.index(); i < columns; i += team.size())
      squares += (x[first + i] - center) * (x[first + i] - center);
    const float scale =
        1.0F / sqrtf(team.sum(squares) / static_cast<float>(columns) + static_cast<float>(kNormEpsilon));
    for (Index i = team.index(); i < columns; i += team.size()) {
      y.set(first + i, (x[first + i] - center) * scale * gamma[i] + beta[i]);
    }
    if (team.index() == 0) {
      mean[row] = center;
      rstd[row] = scale;
    }
  }
};

struct LayerNormGradientRow {
  const float* dy;
  Values x;
  const float *gamma, *mean, *rstd, *addend;  // addend: null where there is none
  float* dx;
  Index columns;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * columns;
    float sum = 0, sum_scaled = 0;
    for (Index i = team.index(); i < columns; i += team.size()) {
      const float d = dy[first + i] * gamma[i];
      sum += d;
      sum_scaled += d * (x[first + i] - mean[row]) * rstd[row];
    }
    const float mean_d = team.sum(sum) / static_cast<float>(columns);
    const float mean_scaled = team.sum(sum_scaled) / static_cast<float>(columns);
    for (Index i = team.index(); i < columns; i += team.size()) {
      const float scaled = (x[first + i] - mean[row]) * rstd[row];
      dx[first + i] = rstd[row] * (dy[first + i] * gamma[i] - mean_d - scaled * mean_scaled) +
                      (addend != nullptr ? addend[first + i] : 0);
    }
  }
};

struct CausalSoftmaxRow {
  const float* x;
  Values y;
  Index length;
  float scale;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * length, seen = row % length + 1;
    float top = x[first], sum = 0;
    for (Index i = team.index(); i < seen; i += team.size()) top = x[first + i] > top ? x[first + i] : top;
    top = team.maximum(top);
    for (Index i = team.index(); i < seen; i += team.size()) sum += expf(scale * (x[first + i] - top));
    sum = team.sum(sum);
    for (Index i = team.index(); i < length; i += team.size()) {
      y.set(first + i, i < seen ? expf(scale * (x[first + i] - top)) / sum : 0);
    }
  }
};

struct CausalSoftmaxGradientRow {
  const float* dy;
  Values y, dx;
  Index length;
  float scale;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * length, seen = row % length + 1;
    float sum = 0;
    for (Index i = team.index(); i < seen; i += team.size()) sum += dy[first + i] * y[first + i];
    sum = team.sum(sum);
    for (Index i = team.index(); i < length; i += team.size()) {
      dx.set(first + i, i < seen ? scale * y[first + i] * (dy[first + i] - sum) : 0);
    }
  }
};

struct LogSumExpRow {
  const float* x;
  float* logsumexp;
  Index columns;
  template <class Team>
  WHYGPU_BOTH void operator()(Index row, Team& team) const {
    const Index first = row * columns;
    float top = x[first], sum = 0;
    for (Index i = team.index(); i < columns; i += team.size()) top = x[first + i] > top ? x[first + i] : top;
    top = team.maximum(top);
    for (Index i = team.index(); i < columns; i += team.size()) sum += expf(x[first + i] - top);
    sum = team.sum(sum);
    if (team.index() == 0) logsumexp[row] = top + logf(sum);
  }
};

struct BiasGradientColumns {
  static constexpr int kSums = 1;
  Values dy, saved, dx;  // saved, dx: null data where there is none
  const float* bias;
  float* dbias;
  Index columns;
  Activation activation;
  WHYGPU_BOTH void add(Index row, Index column, float* sums) const {
    const Index i = row * columns + column;
    float d = dy[i];
    if (activation == Activation::relu) d = saved[i] > 0 ? d : 0;
    if (activation == Activation::gelu) d *= gelu_slope(saved[i] + bias[column]);
    if (dx.data != nullptr) dx.set(i, d);
    sums[0] += d;
  }
  WHYGPU_BOTH void finish(Index column, const float* sums) const { dbias[column] = sums[0]; }
};

// Of layer norm, whose statistics are the row's.
struct LayerNormGradientColumns {
  static constexpr int kSums = 2;
  const float* dy;
  Values x;
  const float *mean, *rstd;
  float *dgamma, *dbeta;
  Index columns;
  WHYGPU_BOTH void add(Index row, Index column, float* sums) const {
    const Index i = row * columns + column;
    sums[0] += dy[i] * (x[i] - mean[row]) * rstd[row];
    sums[1] += dy[i];
  }
  WHYGPU_BOTH void finish(Index column, const float* sums) const {
    dgamma[column] = sums[0];
    dbeta[column] = sums[1];
  }
};

// Sums are of differences from the first row, so that a large mean does not eat the variance.
struct BatchNormColumns {
  static constexpr int kSums = 2;
  Values x;
  float *mean, *rstd;
  Index rows, columns;
  WHYGPU_BOTH void add(Index row, Index column, float* sums) const {
    const float d = x[row * columns + column] - x[column];
    sums[0] += d;
    sums[1] += d * d;
  }
  WHYGPU_BOTH void finish(Index column, const float* sums) const {
    const double shift = static_cast<double>(sums[0]) / static_cast<double>(rows);
    const double variance = static_cast<double>(sums[1]) / static_cast<double>(rows) - shift * shift;
    mean[column] = static_cast<float>(x[column] + shift);
    rstd[column] = static_cast<float>(1 / sqrt((variance > 0 ? variance : 0) + kNormEpsilon));
  }
};

struct BatchNormGradientColumns {
  static constexpr int kSums = 2;
  Values dy, x, y;  // y: null data where there is no relu
  const float *mean, *rstd;
  float *dgamma, *dbeta;
  Index columns;
  WHYGPU_BOTH void add(Index row, Index column, float* sums) const {
    const Index i = row * columns + column;
    const float d = y.data == nullptr || y[i] > 0 ? dy[i] : 0;
    sums[0] += d * (x[i] - mean[column]) * rstd[column];
    sums[1] += d;
  }
  WHYGPU_BOTH void finish(Index column, const float* sums) const {
    dgamma[column] = sums[0];
    dbeta[column] = sums[1];
  }
};

struct CrossEntropyTotal {
  const float *logits, *logsumexp;
  const std::int32_t* labels;
  float* loss;
  Index rows, columns;
  WHYGPU_BOTH float value(Index row) const { return logsumexp[row] - logits[row * columns + labels[row]]; }
  WHYGPU_BOTH void finish(float sum) const { *loss = sum / static_cast<float>(rows); }
};

struct MeanSquareTotal {
  Values x;
  const float* target;
  float* loss;
  Index count;
  WHYGPU_BOTH float value(Index i) const { return (x[i] - target[i]) * (x[i] - target[i]); }
  WHYGPU_BOTH void finish(float sum) const { *loss = sum / static_cast<float>(count); }
};

}  // namespace whygpu::cuda_layers
