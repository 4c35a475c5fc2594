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

}  // namespace whygpu
