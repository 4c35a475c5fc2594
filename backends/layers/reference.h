// Definitions of the operations in float64 and plain loops, without any backend or library.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string_view>

#include "backends/layers/common.h"
#include "backends/layers/graph.h"

namespace whygpu::networks {

using Index = std::int64_t;
using Arguments = std::span<double* const>;  // row-major, in the operation's order

// Every layer's reference (NAME/reference.cpp), by the layer's name.
class References {
 public:
  template <LayerDescription D>
  void add(void (*run)(const D& layer, Arguments arguments)) {
    run_[D::kName] = [run](const void* layer, Arguments arguments) { run(*static_cast<const D*>(layer), arguments); };
  }
  void run(const Layer& layer, Arguments arguments) const { run_.at(layer.name())(layer.description(), arguments); }

 private:
  std::map<std::string_view, std::function<void(const void*, Arguments)>> run_;
};

// All references of this build.
const References& references();

// One operation over arguments in the order of arguments(op). Throws std::out_of_range for a layer without a reference.
void run_reference(const NodeOp& op, Arguments arguments);

// As defined in backends/layers/common.h.
inline constexpr double kGeluCubic = 0.044715;
double activate(Activation activation, double x);

}  // namespace whygpu::networks
