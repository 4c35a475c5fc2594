// whygpu ceilings: measured peaks of this machine, compared with their nominal values.
#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/machine/findings.h"
#include "benchmarks/runner/ceilings/ceilings.h"
#include "benchmarks/runner/run_options.h"
#include "reports/catalogue/catalogue.h"
#include "reports/results/codec.h"
#include "tools/commands.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

// "3.65 GHz", "228 GFLOP/s", "5.1 µs": at most four digits and a decimal unit. `value` in the ceiling's unit.
std::string amount(const CeilingRecord& ceiling, double value) {
  if (ceiling.kind == CeilingKind::latency) return fmt::format("{:.3g} µs", 1e6 * value);
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t prefix = 0;
  while (value >= 9999.5 && prefix + 1 < std::size(kPrefixes)) value /= 1000, ++prefix;
  if (ceiling.kind == CeilingKind::clock && prefix == 2) value /= 1000, ++prefix;
  return fmt::format("{:.4g} {}{}", value, kPrefixes[prefix], ceiling.unit);
}

bool of_this_processor(const CeilingRecord& ceiling) { return ceiling.device == cpu_facts().model; }

// Operations per core and clock cycle, for a processor whose clock was measured too.
std::string per_cycle(const CeilingRecord& ceiling, const std::vector<CeilingRecord>& all, int threads) {
  const auto clock = std::ranges::find_if(all, [&](const CeilingRecord& other) {
    return other.kind == CeilingKind::clock && other.device == ceiling.device;
  });
  if (ceiling.kind != CeilingKind::flops || clock == all.end() || !of_this_processor(ceiling)) return {};
  return fmt::format("{:.3g} per cycle and thread", ceiling.value / clock->value / threads);
}

std::string against_nominal(const CeilingRecord& ceiling, const Catalogue& catalogue) {
  const auto fraction = catalogue.fraction_of_nominal(ceiling);
  return fraction ? fmt::format("{:.0f}% of nominal", 100 * *fraction) : std::string();
}

void print(const CeilingReport& report, int threads, const Catalogue& catalogue, bool colour) {
  std::string device;
  for (const auto& ceiling : report.ceilings) {
    if (ceiling.device != device) {
      device = ceiling.device;
      const bool host = of_this_processor(ceiling);
      fmt::print("{}{}; best of {} visits{}\n", styled(device, "1", colour),
                 host ? fmt::format(", {} thread{}", threads, threads == 1 ? "" : "s") : std::string(), ceiling.visits,
                 ceiling.undisturbed == 0 ? ", all disturbed by other work: the true ceilings may be higher" : "");
    }
    const std::string what = ceiling.kind == CeilingKind::flops   ? ceiling.dtype
                             : ceiling.kind == CeilingKind::clock ? "clock"
                                                                  : ceiling.level;
    std::string notes = per_cycle(ceiling, report.ceilings, threads);
    if (const auto nominal = against_nominal(ceiling, catalogue); !nominal.empty()) {
      notes += (notes.empty() ? "" : ", ") + nominal;
    }
    if (ceiling.sustained) {
      notes += fmt::format("{}{} sustained", notes.empty() ? "" : ", ", amount(ceiling, *ceiling.sustained));
    }
    fmt::print("  {:<10} {:>14}   {}{}{}\n", what, amount(ceiling, ceiling.value), notes, notes.empty() ? "" : "; ",
               ceiling.how);
  }
  for (const auto& missing : report.missing) fmt::print("  no {}\n", missing);
}

}  // namespace

void add_ceilings_command(CLI::App& app, int& exit_code) {
  struct Options {
    int threads = usable_cpus(), device = 0;
    std::string devices;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("ceilings", "Measure the peaks of this machine: arithmetic, bandwidth, clock");
  command->footer("Example:\n  whygpu ceilings --threads 1");
  add_threads_option(*command, options->threads);
  add_device_option(*command, options->device);
  command->add_option("--devices", options->devices,
                      "file of additional devices, in the format of reports/catalogue/devices.json");
  command->add_flag("--json", options->json, "print JSON, as in a result file");
  command->callback([options, &exit_code] {
    Catalogue catalogue = Catalogue::standard();
    if (!options->devices.empty()) catalogue.add(options->devices);
    for (const auto& finding : cpu_findings(cpu_facts(), cpu_quota(), options->threads)) {
      if (finding.serious) print_message("{}; {}\n", finding.what, finding.remedy);
    }
    const auto report = ceilings_of_this_machine(ceiling_dtypes(), options->threads, options->device);
    if (options->json) {
      fmt::print("{}\n", encode(report.ceilings).dump(1));
    } else {
      print(report, options->threads, catalogue, use_colour(stdout));
    }
    exit_code = report.ceilings.empty() ? 1 : 0;
  });
}

}  // namespace whygpu
