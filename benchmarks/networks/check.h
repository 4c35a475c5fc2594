// What must hold before a step is timed.
#pragma once

#include <string>
#include <vector>

#include "backends/layers/graph.h"
#include "benchmarks/networks/model.h"
#include "benchmarks/networks/program.h"

namespace whygpu::networks {

inline constexpr int kCheckedSteps = 10;
inline constexpr int kBatches = 2;  // that steps take in turn

// The largest relative difference from the float64 reference that is taken as rounding: of a loss within the first
// kCheckedSteps, and of the gradient of one parameter (Frobenius norm). Rounding to bf16 flips units at the kinks of
// relu and maximum, layer after layer, and so changes a gradient much more than a loss: gradients and outputs are
// compared with a reference that keeps in bf16 what the graph keeps in bf16, losses with an exact one.
double loss_tolerance(DType products);
double gradient_tolerance(DType products);
double output_tolerance(DType products);  // of an inference (Frobenius norm)

// Compares the graph's gradients with central differences of its loss, in float64 and for every parameter along one
// random direction. Empty, or the first parameter that disagrees and by how much.
std::string check_derivative(const Network& network, const ComputeGraph& graph);

// The losses of the first steps in float64, and on a backend.
std::vector<double> reference_losses(const Network& network, const ComputeGraph& graph, int steps);
std::vector<double> backend_losses(const Network& network, const ComputeGraph& graph, Program& program, int steps);

// One step's gradients on a backend against the float64 reference. Empty, or the first parameter that disagrees.
std::string check_gradients(const Network& network, const ComputeGraph& graph, Program& program, double tolerance);

// A backend's gradients against central differences of the loss that it computes itself, each parameter along its own
// gradient: affordable at sizes where the reference is not. At most `most` parameters, spread over the network. Empty,
// or the first parameter that disagrees.
std::string check_slopes(const Network& network, const ComputeGraph& graph, Program& program, DType products, int most);

// An inference graph's output on a backend against the float64 reference. Empty, or by how much it is off.
std::string check_output(const Network& network, const ComputeGraph& graph, Program& program, DType products);

// Empty, or the first of the expected losses that differs, or that losses do not fall from batch to same batch. The
// tolerance is relative to the loss that training starts from: a loss near 0 is the difference of numbers near that
// one.
std::string compare_losses(const std::vector<double>& losses, const std::vector<double>& expected, double tolerance);
std::string check_falling(const std::vector<double>& losses);

}  // namespace whygpu::networks
