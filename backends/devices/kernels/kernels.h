// Kernels for what CPU libraries lack, compiled once per instruction set. Each does one range of its operation's items;
// what is summed over items goes to `partial`, one slice a task, and is added up afterwards.
#pragma once

#include <cstdint>

#include "backends/layer_operations.h"

namespace whygpu::kernels {

struct Range {
  std::int64_t begin = 0, end = 0;
};

// Items are rows unless said otherwise. t holds the storage of each argument in the operation's order.
template <class Op>
using Kernel = void (*)(const Op& op, void* const* t, Range items, float* partial);

struct Kernels {
  const char* instruction_set;
  Kernel<BiasActivation> bias_activation;
  Kernel<BiasActivationGradient> bias_activation_gradient;  // partial: dbias
  Kernel<ColumnSum> column_sum;                             // partial: the sums
  Kernel<LayerNorm> layer_norm;
  Kernel<LayerNormGradient> layer_norm_gradient;  // partial: dgamma, dbeta
  Kernel<BatchNorm> batch_norm_sums;              // partial: Σ(x - pivot), Σ(x - pivot)² with row 0 as the pivot
  Kernel<BatchNorm> batch_norm;
  Kernel<BatchNormGradient> batch_norm_gradient_sums;  // partial: dgamma, dbeta
  Kernel<BatchNormGradient> batch_norm_gradient;
  Kernel<Pooling> pooling;                            // items: rows of result pixels
  Kernel<PoolingGradient> pooling_gradient;           // items: as for pooling
  Kernel<SoftmaxCrossEntropy> softmax_cross_entropy;  // partial: the sum of losses
  Kernel<SoftmaxCrossEntropyGradient> softmax_cross_entropy_gradient;
  Kernel<MeanSquare> mean_square;                   // items: elements; partial: the sum of squares
  Kernel<MeanSquareGradient> mean_square_gradient;  // items: elements
  Kernel<Embedding> embedding;
  Kernel<EmbeddingGradient> embedding_gradient;  // items: columns
  Kernel<CausalSoftmax> causal_softmax;
  Kernel<CausalSoftmaxGradient> causal_softmax_gradient;
  Kernel<LstmCell> lstm_cell;
  Kernel<LstmCellGradient> lstm_cell_gradient;
  Kernel<Permute> permute;           // items: the result's first three axes, flattened
  Kernel<Add> add;                   // items: elements
  Kernel<SgdMomentum> sgd_momentum;  // items: elements
  Kernel<AdamW> adamw;               // items: elements; the step is counted by the caller beforehand
};

extern const Kernels baseline;
#ifdef __x86_64__
extern const Kernels avx2, avx512;
#endif

}  // namespace whygpu::kernels
