// whygpu network: measures the convolutions and matrix products of a network and composes its time from them.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <set>

#include "benchmarks/networks/onnx/open_dimensions.h"
#include "benchmarks/networks/onnx/read_network.h"
#include "reports/render/text.h"
#include "reports/views/network_times.h"
#include "tools/commands.h"
#include "tools/run_execution.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

struct NetworkOptions {
  RunOptions run;
  std::string network;
  std::vector<std::string> batches, dims;
  bool training = false;
};

void add_network(RunOptions& run, NetworkRecord network, std::set<std::string>& seen) {
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) {
      if (!work.problem.empty() && seen.insert(work.problem).second) {
        run.words.push_back(work.problem + " mode=hot,cold");  // the plan drops what is not needed
      }
    }
  }
  run.networks.push_back(std::move(network));
}

// A new run, with the cases of the network at all batch sizes.
RunOptions run_of(const NetworkOptions& options) {
  RunOptions run = options.run;
  networks::OnnxSizes sizes{std::nullopt, networks::parse_dimensions(options.dims)};
  std::set<std::string> seen;
  if (options.batches.empty()) add_network(run, read_network(options.network, sizes, options.training), seen);
  for (const auto& batch : options.batches) {
    sizes.batch = networks::whole_number("--batch", batch);
    add_network(run, read_network(options.network, sizes, options.training), seen);
  }
  run.title = "network " + run.networks.front().name;
  if (run.words.empty()) {
    throw CaseError(fmt::format("{}: contains no convolution and no matrix product", options.network));
  }
  return run;
}

void print_contents(const NetworkRecord& network) {
  const NetworkContents contents = contents_of(network);
  print_message("{}, batch {}: {:.4g} GFLOP in {}, operands of {:.4g} MB; FLOPs: {}\n", network.name, network.batch,
                1e-9 * contents.flops(), count_of(contents.distinct, "distinct case"), 1e-6 * operand_bytes(network),
                coverage_of(contents));
  if (!contents.complete) print_message("  without the bodies of loops, which may be most of it\n");
  for (const auto& [what, count] : contents.unknown) print_message("  {} × {}\n", count, what);
}

}  // namespace

void add_network_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<NetworkOptions>();
  auto* command = app.add_subcommand(
      "network", "Measure the convolutions and matrix products of a network, and compose its time from them");
  command->footer(
      "Examples:\n"
      "  whygpu network detection.onnx --dim height=640 --dim width=640 --batch 1,8\n"
      "  whygpu network gpt-block --train --backend openblas,onednn\n"
      "  whygpu network detection.onnx --dry-run                    the cases, and operators that are not known\n"
      "Exit codes: as for whygpu run.");
  command->add_option("network", options->network, "an ONNX file, a .model file, or a network of benchmarks/models")
      ->required();
  add_list_option(*command, "--batch", options->batches, "batch sizes, comma-separated (default: the model's, or 1)");
  add_list_option(*command, "--dim", options->dims,
                  "NAME=N: an open dimension of the model's inputs, or a size of a .model file");
  command->add_flag("--train", options->training,
                    "a training step: gradients of data and weights, and the update, besides the forward pass");
  add_measuring_options(*command, options->run);
  command->callback([options, command, &exit_code] {
    RunOptions run = run_of(*options);
    for (const auto& network : run.networks) print_contents(network);
    run.settings.command = command_line(*command, {options->network});
    exit_code = execute(run);
  });
}

}  // namespace whygpu
