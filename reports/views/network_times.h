// The time of a network, composed from the times of its operators: convolutions and products as measured, the rest as
// memory traffic at the measured bandwidth.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// Seconds for `bytes` of traffic on a device: at the measured bandwidth of the smallest cache beyond the first level
// that holds twice as much, otherwise of memory. nullopt if no bandwidth of the device was measured.
std::optional<double> traffic_seconds(const ResultFile& file, const std::string& device, double bytes);

// A network on one backend, or on the best backend of a device for each operator.
struct NetworkTime {
  std::string name;                       // "onednn", "best of each"
  std::string device;                     // its model
  double measured = 0, modelled = 0;      // seconds, and those of them that are memory traffic
  std::map<std::string, double> by_pass;  // seconds of both
  std::vector<std::string> missing;       // problems that were not timed: the time is that of the others
  double missing_flops = 0;
  bool traffic_known = true;  // false: no bandwidth was measured, and traffic counts nothing
  bool cold = false;          // cases with operands outside the cache, which does not hold those of the network

  double seconds() const { return measured + modelled; }
};

// What the operators of a network do, whoever runs them.
struct NetworkContents {
  std::size_t convolutions = 0, products = 0, others = 0;  // operators
  std::size_t distinct = 0;                                // problems
  double product_flops = 0, other_flops = 0, unknown_flops = 0;
  double traffic_bytes = 0;
  bool complete = true;                        // false: operators contain graphs that are not counted
  std::map<std::string, std::size_t> unknown;  // "com.example.Op: not a known operator" and how many

  double flops() const { return product_flops + other_flops + unknown_flops; }
  // Shares of the FLOPs: in cases, in other operators that are known, and both.
  double measured() const { return flops() > 0 ? product_flops / flops() : 0; }
  double modelled() const { return flops() > 0 ? other_flops / flops() : 0; }
  double covered() const { return flops() > 0 ? 1 - unknown_flops / flops() : 0; }
};

// Equal work of several operators.
struct LayerTime {
  std::string what;     // the problem, or "memory traffic of Add"
  std::string example;  // the first operator
  std::string pass;
  std::string backend;  // that took the least time; empty for traffic
  double count = 0, seconds = 0, flops = 0;
};

NetworkContents contents_of(const NetworkRecord& network);

// "98.79% measured + 1.21% modelled = 100.00% covered, 0.00% unknown"
std::string coverage_of(const NetworkContents& contents);

// Every backend that timed something of the network, in the order of the file, then the best of each device with
// several backends.
std::vector<NetworkTime> network_times(const ResultFile& file, const NetworkRecord& network);

// On `device`, each case by its best backend; the longest first.
std::vector<LayerTime> layer_times(const ResultFile& file, const NetworkRecord& network, const std::string& device);

}  // namespace whygpu
