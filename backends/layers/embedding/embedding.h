// Embeddings of tokens and of their positions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// y[b, t] = table[token[b, t]] + positions[t]. Arguments: tokens[batch, length], table, positions, y (all f32 but
// tokens).
struct Embedding {
  static constexpr std::string_view kName = "embedding";
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
  static constexpr std::string_view kName = "embedding_gradient";
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

}  // namespace whygpu
