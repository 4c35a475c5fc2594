// A network as the sum of its operators, in a result file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace whygpu {

// How NetworkNodeRecord::unknown starts for an operator that contains a graph.
inline constexpr std::string_view kNotCounted = "its body is not counted";

// What one operator of a network costs in one pass: operations that are cases of this file, or memory traffic.
struct NetworkWorkRecord {
  std::string pass;     // forward, backward_data, backward_weights, backward, optimiser
  std::string problem;  // of the cases that measure it; empty: memory traffic, which is modelled
  std::int64_t count = 1;
  double flops = 0, bytes = 0;  // of one
};

struct NetworkNodeRecord {
  std::string name, op;  // as in the model
  std::string unknown;   // why its cost is not known, or only in part
  std::vector<NetworkWorkRecord> work;
};

// A network as the sum of its operators, at one batch size.
struct NetworkRecord {
  std::string name;
  std::int64_t batch = 1;
  bool training = false;  // a step, otherwise one inference
  std::vector<NetworkNodeRecord> nodes;
};

// Bytes of the operands of all convolutions and products, each with its own.
double operand_bytes(const NetworkRecord& network);

// Where an operator finds its operands on a device whose largest cache has `cache_bytes`: in the cache if it holds
// those of the whole network, otherwise in memory, since the other operators have replaced them.
bool runs_cold(const NetworkRecord& network, double cache_bytes);

// The problem with operands that are not in the cache.
std::string cold_problem(std::string_view problem);

}  // namespace whygpu
