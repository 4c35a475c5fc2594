// Times the convolutions and products of a network back to back, for comparison with the time that `whygpu network`
// composes. ci/check-composition and ci/compare-onnxruntime run it. "seconds" is the sum over operators of the median
// of each, "pass_seconds" the median of whole passes: other load on the machine interrupts a long pass more often than
// a single operator.
//
//   bin/network_passes NETWORK --backend=NAME [--threads=N] [--dim NAME=N …] [--batch=N] [--seconds=S]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "backends/loader.h"
#include "benchmarks/networks/onnx/network_passes.h"
#include "benchmarks/networks/onnx/open_dimensions.h"
#include "benchmarks/networks/onnx/read_network.h"
#include "benchmarks/worker/measurement.h"
#include "reports/results/statistics.h"

namespace whygpu::networks {
namespace {

constexpr int kWarmUpPasses = 3;
constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kFewestPasses = 5;

struct Options {
  std::string network, backend = "openblas";
  std::vector<std::string> dims;
  std::optional<std::int64_t> batch;
  int threads = 1;
  double seconds = 1;
};

struct Times {
  std::vector<double> passes, cpu;         // seconds of whole passes, and their CPU time
  std::vector<std::vector<double>> steps;  // of each step, by pass
};

// Passes with and without a clock between the steps, in turn.
Times timed(NetworkPasses& passes, double seconds) {
  for (int i = 0; i < kWarmUpPasses; ++i) passes.run();
  Times times;
  times.steps.resize(passes.steps().size());
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (times.passes.size() < kFewestPasses || std::chrono::steady_clock::now() < end) {
    const double cpu = process_cpu_seconds();
    times.passes.push_back(passes.run());
    times.cpu.push_back(process_cpu_seconds() - cpu);
    const auto one = passes.run_steps();
    for (std::size_t i = 0; i < one.size(); ++i) times.steps[i].push_back(one[i]);
  }
  return times;
}

nlohmann::json measure(const Options& options) {
  const auto modules = find_modules();
  const auto found = modules.find(options.backend);
  if (found == modules.end()) throw LoadError(fmt::format("no backend \"{}\"", options.backend));
  const NetworkRecord network =
      read_network(options.network, {options.batch, parse_dimensions(options.dims)}, /*training=*/false);
  LoadedBackend backend(found->second, {options.threads, 0});
  NetworkPasses passes(network, *backend, kSeed);
  const Times times = timed(passes, options.seconds);
  double sum = 0, fastest = 0;
  nlohmann::json steps = nlohmann::json::array();
  for (std::size_t i = 0; i < times.steps.size(); ++i) {
    const auto& step = passes.steps()[i];
    const double seconds = median(times.steps[i]);
    steps.push_back({{"name", step.name}, {"problem", step.problem}, {"count", step.count}, {"seconds", seconds}});
    sum += seconds;
    fastest += *std::ranges::min_element(times.steps[i]);
  }
  return {{"network", network.name},
          {"batch", network.batch},
          {"backend", options.backend},
          {"version", backend->version()},
          {"threads", options.threads},
          {"passes", times.passes.size()},
          {"pass_seconds", median(times.passes)},
          {"fastest_pass_seconds", *std::ranges::min_element(times.passes)},
          {"pass_cpu_seconds", median(times.cpu)},
          {"seconds", sum},
          {"fastest_seconds", fastest},
          {"steps", steps},
          {"operand_bytes", passes.bytes()},
          {"flops", passes.flops()},
          {"missing", passes.missing()}};
}

}  // namespace
}  // namespace whygpu::networks

int main(int argc, char** argv) {
  using namespace whygpu::networks;
  Options options;
  CLI::App app("Times the convolutions and products of a network back to back; prints JSON");
  app.add_option("network", options.network, "an ONNX file, a .model file, or a network of this build")->required();
  app.add_option("--backend", options.backend, "the backend")->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads")->check(CLI::Range(1, 4096))->capture_default_str();
  app.add_option("--dim", options.dims, "NAME=N: an open dimension")->delimiter(',');
  app.add_option("--batch", options.batch, "batch size")->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "duration of the passes")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    fmt::print("{}\n", measure(options).dump());
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "network_passes: {}: {}\n", options.network, error.what());
    return 1;
  }
}
