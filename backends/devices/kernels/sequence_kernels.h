// Embeddings, attention's softmax, long short-term memory and permutations.
#pragma once

#include "backends/devices/kernels/dense_kernels.h"

namespace {

void embedding(const Embedding& op, void* const* t, Range rows, float*) {
  const auto* tokens = static_cast<const int32_t*>(t[0]);
  for (Index row = rows.begin; row < rows.end; ++row) {
    const float* table = static_cast<const float*>(t[1]) + tokens[row] * op.width;
    const float* position = static_cast<const float*>(t[2]) + row % op.length * op.width;
    float* y = static_cast<float*>(t[3]) + row * op.width;
#pragma GCC ivdep
    for (Index i = 0; i < op.width; ++i) y[i] = table[i] + position[i];
  }
}

// A task has its columns of the tables to itself, so that equal tokens add up in order and without locks.
void embedding_gradient(const EmbeddingGradient& op, void* const* t, Range columns, float*) {
  const auto* tokens = static_cast<const int32_t*>(t[0]);
  const auto* dy = static_cast<const float*>(t[1]);
  auto *dtable = static_cast<float*>(t[2]), *dpositions = static_cast<float*>(t[3]);
  const auto clear = [&](float* table, Index count) {
    for (Index row = 0; row < count; ++row) {
      for (Index i = columns.begin; i < columns.end; ++i) table[row * op.width + i] = 0;
    }
  };
  if (!op.accumulate) clear(dtable, op.vocabulary);
  clear(dpositions, op.length);
  for (Index row = 0; row < op.batch * op.length; ++row) {
    float* token = dtable + tokens[row] * op.width;
    float* position = dpositions + row % op.length * op.width;
#pragma GCC ivdep
    for (Index i = columns.begin; i < columns.end; ++i) {
      token[i] += dy[row * op.width + i];
      position[i] += dy[row * op.width + i];
    }
  }
}

void causal_softmax(const CausalSoftmax& op, void* const* t, Range rows, float*) {
  const auto scale = static_cast<float>(op.scale);
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const float* x = static_cast<const float*>(t[0]) + row * op.length;
      Out* y = static_cast<Out*>(t[1]) + row * op.length;
      const Index seen = row % op.length + 1;
      const float top = largest(x, seen);
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < seen; ++i) sum += exp_of(scale * (x[i] - top));
      const float share = 1.0F / sum;
#pragma GCC ivdep
      for (Index i = 0; i < seen; ++i) store(y, i, exp_of(scale * (x[i] - top)) * share);
      for (Index i = seen; i < op.length; ++i) store(y, i, 0);
    }
  });
}

void causal_softmax_gradient(const CausalSoftmaxGradient& op, void* const* t, Range rows, float*) {
  const auto scale = static_cast<float>(op.scale);
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const float* dy = static_cast<const float*>(t[0]) + row * op.length;
      const Out* y = static_cast<const Out*>(t[1]) + row * op.length;
      Out* dx = static_cast<Out*>(t[2]) + row * op.length;
      const Index seen = row % op.length + 1;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < seen; ++i) sum += dy[i] * load(y, i);
#pragma GCC ivdep
      for (Index i = 0; i < seen; ++i) store(dx, i, scale * load(y, i) * (dy[i] - sum));
      for (Index i = seen; i < op.length; ++i) store(dx, i, 0);
    }
  });
}

void lstm_cell(const LstmCell& op, void* const* t, Range rows, float*) {
  const Index n = op.width;
  const auto* bias = static_cast<const float*>(t[2]);
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const float *a = static_cast<const float*>(t[0]) + row * 4 * n,
                  *b = static_cast<const float*>(t[1]) + row * 4 * n;
      const float* before = static_cast<const float*>(t[3]) + row * n;
      float *gates = static_cast<float*>(t[4]) + row * 4 * n, *c = static_cast<float*>(t[5]) + row * n;
      Out* h = static_cast<Out*>(t[6]) + row * n;
#pragma GCC ivdep
      for (Index j = 0; j < n; ++j) {
        const float i = sigmoid(a[j] + b[j] + bias[j]);
        const float f = sigmoid(a[n + j] + b[n + j] + bias[n + j]);
        const float g = tanh_of(a[2 * n + j] + b[2 * n + j] + bias[2 * n + j]);
        const float o = sigmoid(a[3 * n + j] + b[3 * n + j] + bias[3 * n + j]);
        const float cell = f * before[j] + i * g;
        gates[j] = i;
        gates[n + j] = f;
        gates[2 * n + j] = g;
        gates[3 * n + j] = o;
        c[j] = cell;
        store(h, j, o * tanh_of(cell));
      }
    }
  });
}

void lstm_cell_gradient(const LstmCellGradient& op, void* const* t, Range rows, float*) {
  const Index n = op.width;
  with_type(op.output, [&]<class Out>(Out*) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const auto state = [&](int argument) { return static_cast<float*>(t[argument]) + row * n; };
      const float *dh_above = state(0), *dh_after = state(1), *dc_after = state(2), *before = state(4), *c = state(5);
      const float* gates = static_cast<const float*>(t[3]) + row * 4 * n;
      Out* da = static_cast<Out*>(t[6]) + row * 4 * n;
      float* dc_before = state(7);
#pragma GCC ivdep
      for (Index j = 0; j < n; ++j) {
        const float i = gates[j], f = gates[n + j], g = gates[2 * n + j], o = gates[3 * n + j];
        const float dh = dh_above[j] + dh_after[j], tanh = tanh_of(c[j]);
        const float dc = dc_after[j] + dh * o * (1 - tanh * tanh);
        store(da, j, dc * g * i * (1 - i));
        store(da, n + j, dc * before[j] * f * (1 - f));
        store(da, 2 * n + j, dc * i * (1 - g * g));
        store(da, 3 * n + j, dh * tanh * o * (1 - o));
        dc_before[j] = dc * f;
      }
    }
  });
}

void permute(const Permute& op, void* const* t, Range items, float*) {
  Index stride[5] = {1, 1, 1, 1, 1}, extent[5], step[5];
  for (int axis = 3; axis >= 0; --axis) stride[axis] = stride[axis + 1] * op.shape[axis + 1];
  for (int axis = 0; axis < 5; ++axis) {
    extent[axis] = op.shape[op.order[axis]];
    step[axis] = stride[op.order[axis]];
  }
  with_type(op.input, [&]<class In>(In*) {
    with_type(op.output, [&]<class Out>(Out*) {
      for (Index item = items.begin; item < items.end; ++item) {
        const Index a = item / (extent[2] * extent[1]), b = item / extent[2] % extent[1], c = item % extent[2];
        for (Index d = 0; d < extent[3]; ++d) {
          const In* x = static_cast<const In*>(t[0]) + a * step[0] + b * step[1] + c * step[2] + d * step[3];
          Out* y = static_cast<Out*>(t[1]) + (item * extent[3] + d) * extent[4];
          if (step[4] == 1) {
#pragma GCC ivdep
            for (Index e = 0; e < extent[4]; ++e) store(y, e, load(x, e));
          } else {
            for (Index e = 0; e < extent[4]; ++e) store(y, e, load(x, e * step[4]));
          }
        }
      }
    });
  });
}

}  // namespace
