// What a line of a model can contain: layers, losses and optimisers, each defined in its folder's network.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/layers/common.h"
#include "backends/layers/graph.h"

namespace whygpu::networks {

class Tape;

struct Weights {
  Value compute = kNone;   // in the dtype of the products
  Value master = kNone;    // in f32
  Value gradient = kNone;  // in f32; kNone in inference
};

enum class OptionKind : std::uint8_t { number, word, decimal };

struct Option {
  std::string_view name;
  OptionKind kind = OptionKind::number;
  std::string_view fallback = {};              // empty: required, unless `optional`
  std::vector<std::string_view> choices = {};  // of a word; empty: any
  bool optional = false;
};

// One line of a model with its numbers evaluated.
struct LayerLine {
  std::string kind;
  std::string name;  // "dense 3": the kind and its ordinal in the model, repeats counted
  std::map<std::string, std::int64_t, std::less<>> numbers;
  std::map<std::string, std::string, std::less<>> words;

  std::int64_t number(std::string_view option) const { return numbers.find(option)->second; }
  const std::string& word(std::string_view option) const { return words.find(option)->second; }
};

// A network under construction.
struct NetworkState {
  Tape& tape;
  const LayerLine& input;
  Value current = kNone;  // the result of the layers so far
  std::map<std::string, Value, std::less<>> marks;
  std::optional<Weights> table;  // an embedding's, for a dense layer with tied=yes

  // The value that `mark` named; kNone if the line's option is empty.
  Value marked(const LayerLine& line, std::string_view option) const;
};

// Appends a layer's operations to the tape, leaves its derivative there, and returns its result. Throws
// std::invalid_argument with what does not fit.
struct LayerKind {
  std::string_view name;
  std::vector<Option> options;
  Value (*append)(NetworkState& network, const LayerLine& line) = nullptr;
};

struct LossKind {
  std::string_view name;
  bool classes = false;  // the target is one class per row (s32), otherwise one value per output (f32)
  Value (*append)(Tape& tape, Value output, Value target) = nullptr;  // returns loss[1]
};

struct OptimiserKind {
  struct State {
    std::string_view name;
    bool per_weight = true;  // f32, like the weights; otherwise one s32
  };
  std::string_view name;
  double learning_rate = 0;  // if a case selects this optimiser instead of its model's
  std::vector<State> state;

  // One step over `count` weights. Arguments: gradients, weights, the state in its order, the bf16 copy of the weights
  // (if `copy`).
  Layer (*step)(std::int64_t count, double learning_rate, bool copy) = nullptr;
};

struct Kinds {
  std::vector<LayerKind> layers;
  std::vector<LossKind> losses;
  std::vector<OptimiserKind> optimisers;
};

// All kinds of this build.
const Kinds& kinds();

// Throw std::invalid_argument for an unknown name.
const LossKind& find_loss(std::string_view name);
const OptimiserKind& find_optimiser(std::string_view name);

// An option that several layers have.
Option activation_option(std::vector<std::string_view> choices);
Activation activation_of(const LayerLine& line);

// Uniform bounds that keep the variance of x[inputs] · W at 1, or at 2 before a rectifier.
double weight_bound(std::int64_t inputs, Activation activation);

}  // namespace whygpu::networks
