#include "reports/results/network_records.h"

namespace whygpu {

double operand_bytes(const NetworkRecord& network) {
  double bytes = 0;
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) bytes += work.problem.empty() ? 0 : work.bytes;
  }
  return bytes;
}

bool runs_cold(const NetworkRecord& network, double cache_bytes) { return operand_bytes(network) > cache_bytes; }

std::string cold_problem(std::string_view problem) { return std::string(problem) + " mode=cold"; }

}  // namespace whygpu
