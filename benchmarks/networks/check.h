// Checks that must pass before a step is timed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/layers/graph.h"
#include "benchmarks/networks/model.h"
#include "benchmarks/networks/program.h"

namespace whygpu::networks {

inline constexpr int kCheckedSteps = 10;
inline constexpr int kBatches = 2;  // used by the steps in turn

// The largest relative difference from the float64 reference that counts as rounding: of a loss within the first
// kCheckedSteps, and of the gradient of one parameter (Frobenius norm). Rounding to bf16 flips units at the kinks of
// relu and maximum, layer after layer, and so affects a gradient much more than a loss: gradients and outputs are
// compared with a reference that stores the same values in bf16 as the graph, losses with an exact one.
double loss_tolerance(DType products);
double gradient_tolerance(DType products);
double output_tolerance(DType products);  // of an inference (Frobenius norm)

// Compares the graph's gradients with central differences of its loss, in float64 and for every parameter along one
// random direction. Returns "", or the first parameter that differs and by how much.
std::string check_derivative(const Network& network, const ComputeGraph& graph);

// The losses of the first steps in float64, and on a backend.
std::vector<double> reference_losses(const Network& network, const ComputeGraph& graph, int steps);
std::vector<double> backend_losses(const Network& network, const ComputeGraph& graph, Program& program, int steps);

// The losses of the first steps as details of a round, loss_1 and so on, and back; nothing unless all are there.
inline constexpr std::string_view kLossDetail = "loss_";
void append_losses(std::vector<std::pair<std::string, double>>& details, const std::vector<double>& losses);
std::optional<std::vector<double>> losses_in(const std::map<std::string, double>& details);

// Compares one step's gradients on a backend with the float64 reference. Returns "", or the first wrong parameter.
std::string check_gradients(const Network& network, const ComputeGraph& graph, Program& program, double tolerance);

// Compares a backend's gradients with central differences of its own loss, each parameter along its own
// gradient: affordable at sizes where the reference is not. At most `most` parameters, spread over the network.
// Returns "", or the first parameter that differs.
std::string check_slopes(const Network& network, const ComputeGraph& graph, Program& program, DType products, int most);

// Compares an inference graph's output on a backend with the float64 reference. Returns "", or the error.
std::string check_output(const Network& network, const ComputeGraph& graph, Program& program, DType products);

// Returns "", or the first loss that differs from the expected one, or that losses do not decrease on the same batch.
// The tolerance is relative to the initial loss: a loss near 0 is the difference of numbers near that one.
std::string compare_losses(const std::vector<double>& losses, const std::vector<double>& expected, double tolerance);
std::string check_falling(const std::vector<double>& losses);

}  // namespace whygpu::networks
