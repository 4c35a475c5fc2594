// Every layer operation as launches of the parts in elements.h and sums.h. A Launcher has elements(count, f),
// rows(count, f), columns(rows, columns, f) and total(count, f).
#pragma once

#include "backends/devices/cuda_layers/elements.h"
#include "backends/devices/cuda_layers/sums.h"

namespace whygpu::cuda_layers {

using Storage = void* const*;  // of each argument, in the operation's order

inline const std::int32_t* whole_numbers(const void* pointer) { return static_cast<const std::int32_t*>(pointer); }

template <class Launcher>
void run(const BiasActivation& op, Storage t, Launcher& launch) {
  void* y = t[op.residual ? 3 : 2];
  launch.elements(op.rows * op.columns, BiasActivationElement{{t[0], op.input},
                                                              {y, op.output},
                                                              floats(t[1]),
                                                              op.residual ? floats(t[2]) : nullptr,
                                                              op.columns,
                                                              op.activation});
}

template <class Launcher>
void run(const BiasActivationGradient& op, Storage t, Launcher& launch) {
  const bool saved = op.activation != Activation::none, gelu = op.activation == Activation::gelu;
  Storage results = t + 1 + (saved ? 1 : 0) + (gelu ? 1 : 0);
  launch.columns(op.rows, op.columns,
                 BiasGradientColumns{{t[0], op.input},
                                     {saved ? t[1] : nullptr, op.saved},
                                     {results[0], op.output},
                                     gelu ? floats(t[2]) : nullptr,
                                     floats(results[1]),
                                     op.columns,
                                     op.activation});
}

template <class Launcher>
void run(const ColumnSum& op, Storage t, Launcher& launch) {
  launch.columns(op.rows, op.columns,
                 BiasGradientColumns{{t[0], op.input}, {}, {}, nullptr, floats(t[1]), op.columns, Activation::none});
}

template <class Launcher>
void run(const LayerNorm& op, Storage t, Launcher& launch) {
  launch.rows(
      op.rows,
      LayerNormRow{
          {t[0], op.input}, {t[3], op.output}, floats(t[1]), floats(t[2]), floats(t[4]), floats(t[5]), op.columns});
}

template <class Launcher>
void run(const LayerNormGradient& op, Storage t, Launcher& launch) {
  Storage results = t + (op.addend ? 6 : 5);
  const Values x{t[1], op.input};
  launch.rows(op.rows, LayerNormGradientRow{floats(t[0]), x, floats(t[2]), floats(t[3]), floats(t[4]),
                                            op.addend ? floats(t[5]) : nullptr, floats(results[0]), op.columns});
  launch.columns(op.rows, op.columns,
                 LayerNormGradientColumns{floats(t[0]), x, floats(t[3]), floats(t[4]), floats(results[1]),
                                          floats(results[2]), op.columns});
}

template <class Launcher>
void run(const BatchNorm& op, Storage t, Launcher& launch) {
  Storage results = t + (op.residual ? 4 : 3);
  const Values x{t[0], op.dtype};
  if (!op.fixed) {
    launch.columns(op.rows, op.columns,
                   BatchNormColumns{x, floats(results[1]), floats(results[2]), op.rows, op.columns});
  }
  launch.elements(op.rows * op.columns, BatchNormElement{x,
                                                         {op.residual ? t[3] : nullptr, op.dtype},
                                                         {results[0], op.dtype},
                                                         floats(t[1]),
                                                         floats(t[2]),
                                                         floats(results[1]),
                                                         floats(results[2]),
                                                         op.columns,
                                                         op.activation});
}

template <class Launcher>
void run(const BatchNormGradient& op, Storage t, Launcher& launch) {
  const bool relu = op.activation == Activation::relu;
  Storage rest = t + (relu ? 3 : 2);  // gamma, mean, rstd, dx, dgamma, dbeta, dresidual
  const Values dy{t[0], op.dtype}, x{t[1], op.dtype}, y{relu ? t[2] : nullptr, op.dtype};
  launch.columns(op.rows, op.columns,
                 BatchNormGradientColumns{dy, x, y, floats(rest[1]), floats(rest[2]), floats(rest[4]), floats(rest[5]),
                                          op.columns});
  launch.elements(op.rows * op.columns, BatchNormGradientElement{dy,
                                                                 x,
                                                                 y,
                                                                 {rest[3], op.dtype},
                                                                 {op.residual ? rest[6] : nullptr, op.dtype},
                                                                 floats(rest[0]),
                                                                 floats(rest[1]),
                                                                 floats(rest[2]),
                                                                 floats(rest[4]),
                                                                 floats(rest[5]),
                                                                 op.rows,
                                                                 op.columns});
}

template <class Launcher>
void run(const Pooling& op, Storage t, Launcher& launch) {
  launch.elements(
      op.n * (op.h / op.window) * (op.w / op.window) * op.c,
      PoolingElement{{t[0], op.dtype}, {t[1], op.dtype}, op.h, op.w, op.c, op.window, op.kind == PoolingKind::maximum});
}

template <class Launcher>
void run(const PoolingGradient& op, Storage t, Launcher& launch) {
  const bool maximum = op.kind == PoolingKind::maximum;
  launch.elements(op.n * op.h * op.w * op.c, PoolingGradientElement{{t[0], op.dtype},
                                                                    {maximum ? t[1] : nullptr, op.dtype},
                                                                    {t[maximum ? 2 : 1], op.dtype},
                                                                    op.h,
                                                                    op.w,
                                                                    op.c,
                                                                    op.window,
                                                                    maximum});
}

template <class Launcher>
void run(const SoftmaxCrossEntropy& op, Storage t, Launcher& launch) {
  launch.rows(op.rows, LogSumExpRow{floats(t[0]), floats(t[2]), op.columns});
  launch.total(op.rows,
               CrossEntropyTotal{floats(t[0]), floats(t[2]), whole_numbers(t[1]), floats(t[3]), op.rows, op.columns});
}

template <class Launcher>
void run(const SoftmaxCrossEntropyGradient& op, Storage t, Launcher& launch) {
  launch.elements(op.rows * op.columns,
                  CrossEntropyGradientElement{
                      floats(t[0]), whole_numbers(t[1]), floats(t[2]), {t[3], op.output}, op.rows, op.columns});
}

template <class Launcher>
void run(const MeanSquare& op, Storage t, Launcher& launch) {
  launch.total(op.count, MeanSquareTotal{{t[0], op.input}, floats(t[1]), floats(t[2]), op.count});
}

template <class Launcher>
void run(const MeanSquareGradient& op, Storage t, Launcher& launch) {
  launch.elements(op.count, MeanSquareGradientElement{
                                {t[0], op.input}, {t[2], op.input}, floats(t[1]), 2.0F / static_cast<float>(op.count)});
}

template <class Launcher>
void run(const Embedding& op, Storage t, Launcher& launch) {
  launch.elements(op.batch * op.length * op.width,
                  EmbeddingElement{whole_numbers(t[0]), floats(t[1]), floats(t[2]), floats(t[3]), op.length, op.width});
}

template <class Launcher>
void run(const EmbeddingGradient& op, Storage t, Launcher& launch) {
  if (!op.accumulate) launch.elements(op.vocabulary * op.width, ZeroElement{floats(t[2])});
  launch.elements(op.length * op.width, ZeroElement{floats(t[3])});
  launch.elements(
      op.batch * op.length * op.width,
      EmbeddingGradientElement{whole_numbers(t[0]), floats(t[1]), floats(t[2]), floats(t[3]), op.length, op.width});
}

template <class Launcher>
void run(const CausalSoftmax& op, Storage t, Launcher& launch) {
  launch.rows(op.batch * op.length,
              CausalSoftmaxRow{floats(t[0]), {t[1], op.output}, op.length, static_cast<float>(op.scale)});
}

template <class Launcher>
void run(const CausalSoftmaxGradient& op, Storage t, Launcher& launch) {
  launch.rows(op.batch * op.length,
              CausalSoftmaxGradientRow{
                  floats(t[0]), {t[1], op.output}, {t[2], op.output}, op.length, static_cast<float>(op.scale)});
}

template <class Launcher>
void run(const LstmCell& op, Storage t, Launcher& launch) {
  launch.elements(op.rows * op.width, LstmCellElement{floats(t[0]),
                                                      floats(t[1]),
                                                      floats(t[2]),
                                                      floats(t[3]),
                                                      floats(t[4]),
                                                      floats(t[5]),
                                                      {t[6], op.output},
                                                      op.width});
}

template <class Launcher>
void run(const LstmCellGradient& op, Storage t, Launcher& launch) {
  launch.elements(op.rows * op.width, LstmCellGradientElement{floats(t[0]),
                                                              floats(t[1]),
                                                              floats(t[2]),
                                                              floats(t[3]),
                                                              floats(t[4]),
                                                              floats(t[5]),
                                                              {t[6], op.output},
                                                              floats(t[7]),
                                                              op.width});
}

template <class Launcher>
void run(const Permute& op, Storage t, Launcher& launch) {
  Index count = 1;
  for (const Index extent : op.shape) count *= extent;
  launch.elements(count, PermuteElement(op, t));
}

template <class Launcher>
void run(const Add& op, Storage t, Launcher& launch) {
  launch.elements(op.count, AddElement{{t[0], op.dtype}, {t[1], op.dtype}, {t[2], op.dtype}});
}

template <class Launcher>
void run(const SgdMomentum& op, Storage t, Launcher& launch) {
  launch.elements(op.count, SgdMomentumElement{floats(t[0]),
                                               floats(t[1]),
                                               floats(t[2]),
                                               {op.copy ? t[3] : nullptr, DType::bf16},
                                               static_cast<float>(op.learning_rate),
                                               static_cast<float>(op.momentum)});
}

template <class Launcher>
void run(const AdamW& op, Storage t, Launcher& launch) {
  launch.elements(1, CountElement{static_cast<std::int32_t*>(t[4])});
  launch.elements(op.count, AdamWElement{floats(t[0]),
                                         floats(t[1]),
                                         floats(t[2]),
                                         floats(t[3]),
                                         whole_numbers(t[4]),
                                         {op.copy ? t[5] : nullptr, DType::bf16},
                                         static_cast<float>(op.learning_rate),
                                         static_cast<float>(1 - op.learning_rate * op.weight_decay),
                                         static_cast<float>(op.beta1),
                                         static_cast<float>(op.beta2),
                                         static_cast<float>(std::log(op.beta1)),
                                         static_cast<float>(std::log(op.beta2)),
                                         static_cast<float>(op.epsilon)});
}

// Whether run() has an operation of this type.
template <class Op, class Launcher>
concept Runnable = requires(const Op& op, Storage t, Launcher& launch) {
  run(op, t, launch);
};

}  // namespace whygpu::cuda_layers
