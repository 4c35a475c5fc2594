// Products of a network as cases of this program: forward, and for training the two gradients.
#pragma once

#include <string>
#include <string_view>

#include "reports/results/network_records.h"
#include "whygpu/convolution.h"
#include "whygpu/gemm.h"

namespace whygpu::networks {

// Which gradients a training step needs.
struct Gradients {
  bool first = false;   // of A, or of the image
  bool second = false;  // of B, or of the filters
};

// Append the work of `count` equal products to a node. Products without elements add nothing. Throw CaseError if there
// is no such case.
void add_gemm(NetworkNodeRecord& node, const Gemm& gemm, Gradients gradients, std::int64_t count = 1);

// `convolution.pass` is the pass that the forward direction of the network runs: forward, or backward_data for a
// transposed convolution, whose input is y and whose result is the image.
void add_convolution(NetworkNodeRecord& node, const Convolution& convolution, Gradients gradients);

// Memory traffic.
void add_traffic(NetworkNodeRecord& node, std::string_view pass, double bytes, double flops);

// The case of one operation, without backend.
std::string problem_of(const Gemm& gemm);
std::string problem_of(const Convolution& convolution);

}  // namespace whygpu::networks
