// Compiled once per instruction set; WHYGPU_KERNELS is the table's name.
#include "backends/devices/kernels/kernels.h"

#include "backends/devices/kernels/dense_kernels.h"
#include "backends/devices/kernels/norm_kernels.h"
#include "backends/devices/kernels/sequence_kernels.h"

#define WHYGPU_TEXT_OF(name) #name
#define WHYGPU_TEXT(name) WHYGPU_TEXT_OF(name)

namespace whygpu::kernels {

const Kernels WHYGPU_KERNELS = {WHYGPU_TEXT(WHYGPU_KERNELS),
                                bias_activation,
                                bias_activation_gradient,
                                column_sum,
                                layer_norm,
                                layer_norm_gradient,
                                batch_norm_sums,
                                batch_norm,
                                batch_norm_gradient_sums,
                                batch_norm_gradient,
                                pooling,
                                pooling_gradient,
                                softmax_cross_entropy,
                                softmax_cross_entropy_gradient,
                                mean_square,
                                mean_square_gradient,
                                embedding,
                                embedding_gradient,
                                causal_softmax,
                                causal_softmax_gradient,
                                lstm_cell,
                                lstm_cell_gradient,
                                permute,
                                add,
                                sgd_momentum,
                                adamw};

}  // namespace whygpu::kernels
