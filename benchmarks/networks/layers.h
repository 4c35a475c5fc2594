// The layers of networks in terms of backend operations, each with its derivative. Every function appends to the tape
// and returns the layer's result; a value that the layer adds (`add`) is kNone where there is none.
#pragma once

#include "benchmarks/networks/tape.h"

namespace whygpu::training {

struct DenseOptions {
  std::int64_t units = 0;
  Activation activation = Activation::none;
  bool bias = true;
  Value add = kNone;              // f32
  const Weights* tied = nullptr;  // instead of weights of its own; [units, inputs]
};

// x[…, inputs] · Wᵀ; an image counts as one row a sample.
Value dense(Tape& tape, Value x, const DenseOptions& options);

struct ConvolutionOptions {
  std::int64_t filters = 0, kernel = 1, stride = 1;
  Activation activation = Activation::none;
  bool bias = true;
};

// Padded so that stride 1 keeps the image's size when the kernel is odd.
Value convolution(Tape& tape, Value x, const ConvolutionOptions& options);
Value pool(Tape& tape, Value x, PoolingKind kind, std::int64_t window);

// In inference the statistics are those of a standard normal, given.
Value batch_norm(Tape& tape, Value x, Activation activation, Value add);
Value layer_norm(Tape& tape, Value x);

Value embedding(Tape& tape, Value tokens, const Weights& table, std::int64_t vocabulary, std::int64_t width);

// Causal multi-head attention over x[batch, length, 3·width], which holds queries, keys and values side by side.
Value attention(Tape& tape, Value x, std::int64_t heads);

// x is [length, batch, features]; so is the result, `width` wide. State and cell start at zero.
Value lstm(Tape& tape, Value x, std::int64_t width);

Value cross_entropy(Tape& tape, Value logits, Value labels);
Value mean_square(Tape& tape, Value x, Value target);

// Uniform bounds that keep the variance of x[inputs] · W at 1, or at 2 before a rectifier.
double weight_bound(std::int64_t inputs, Activation activation);

}  // namespace whygpu::training
