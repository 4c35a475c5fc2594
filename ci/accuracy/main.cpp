// The program that ci/gate-accuracy runs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>

#include "ci/accuracy/commands.h"
#include "reports/regression/statistics/paired.h"

int main(int argc, char** argv) {
  CLI::App app("Accuracy of the gate and of the history. Prints Markdown tables.", "gate_accuracy");
  app.require_subcommand(1);
  std::uint64_t seed = 1;
  std::size_t count = 1000;
  std::vector<std::string> files;
  double injected_percent = 0, rank_cap = whygpu::kRankCap;
  app.add_option("--seed", seed)->capture_default_str();
  app.fallthrough();

  auto* gates = app.add_subcommand("gates", "simulated gates");
  gates->add_option("--gates", count, "gates per row")->capture_default_str()->check(CLI::Range(20, 1'000'000));
  gates->callback([&] { whygpu::simulate_gates(count, seed); });
  auto* series = app.add_subcommand("series", "simulated series with known change points");
  series->add_option("--series", count, "series per cell")->capture_default_str();
  series->callback([&] { whygpu::simulate_series(count, seed); });
  auto* resample = app.add_subcommand("resample", "suites of 200 cases from recorded gates of equal builds");
  resample->add_option("files", files, "written by whygpu gate --json")->required()->check(CLI::ExistingFile);
  resample->add_option("--suites", count)->capture_default_str();
  resample
      ->add_option("--rank-cap", rank_cap,
                   "fraction of the number of pairs at which ranks are capped; 1 is Wilcoxon's test")
      ->check(CLI::Range(0.05, 1.0))
      ->capture_default_str();
  resample->callback([&] { whygpu::resample_gates(files, count, rank_cap, seed); });
  auto* tabulate = app.add_subcommand("tabulate", "verdicts of recorded gates, compared with the true change");
  tabulate->add_option("files", files, "written by whygpu gate --json")->required()->check(CLI::ExistingFile);
  tabulate->add_option("--injected", injected_percent, "work added to every case of the candidate, in percent");
  tabulate->callback([&] { whygpu::tabulate_gates(files, std::log1p(injected_percent / 100)); });
  auto* sample = app.add_subcommand("sample-history", "write the simulated series of reports/regression/samples/");
  sample->callback([&] { whygpu::write_sample_history(seed); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "gate_accuracy: {}\n", error.what());
    return 2;
  }
  return 0;
}
