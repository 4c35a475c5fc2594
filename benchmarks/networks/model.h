// A model as text: sizes, then layers, one per line.
//
//   size batch 128                         a size that a case may override
//   check batch=4 hidden=16                the sizes of the copy that is compared with the float64 reference
//   vector features=784                    the input: vector, image, sequence or tokens
//   dense units=hidden activation=relu     layers; a number is a product or quotient of numbers and sizes: 4*hidden
//   mark x                                 names the value at this point, for add=x and from=x below
//   repeat layers … end                    repeats these lines
//   cross_entropy                          the loss, or mean_square
//   train optimiser=sgd learning_rate=0.01
//
// benchmarks/models/README.md lists every layer with its options.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/layers/kinds.h"

namespace whygpu::networks {

using Sizes = std::map<std::string, std::int64_t, std::less<>>;

struct Training {
  std::string optimiser;
  double learning_rate = 0;
};

struct Network {
  LayerLine input;
  std::vector<LayerLine> layers;
  std::string loss;
  Training training;
  std::int64_t batch = 0;
};

class Model {
 public:
  // Throws CaseError "mlp.model:3: …" with the error and what would be accepted.
  Model(std::string name, std::string_view text);

  const std::string& name() const { return name_; }
  const Sizes& sizes() const { return sizes_; }        // as in the file
  const Sizes& check_sizes() const { return check_; }  // every size, scaled down

  // The model with some sizes replaced. Throws CaseError for a size that it does not have.
  Network network(const Sizes& overrides) const;

 private:
  struct Line {
    int number = 0;
    std::vector<std::string> words;
  };

  [[noreturn]] void fail(const Line& line, const std::string& what) const;
  std::int64_t evaluate(const Line& line, std::string_view expression, const Sizes& sizes) const;
  LayerLine layer(const Line& line, const Sizes& sizes) const;
  void expand(std::size_t begin, std::size_t end, const Sizes& sizes, std::vector<LayerLine>& into) const;
  std::size_t end_of_repeat(std::size_t begin) const;

  std::string name_;
  Sizes sizes_, check_;
  std::vector<Line> lines_;  // without size and check lines
};

// The models of this build, by name.
const std::vector<Model>& models();
const Model& find_model(std::string_view name);  // throws CaseError listing the names

}  // namespace whygpu::networks
