// whygpu doctor: checks whether this machine is suitable for measurements.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "backends/devices/nvml.h"
#include "benchmarks/machine/findings.h"
#include "benchmarks/machine/load.h"
#include "benchmarks/machine/variable_findings.h"
#include "benchmarks/meters/find_meters.h"
#include "benchmarks/runner/ceilings/ceilings.h"
#include "benchmarks/runner/probe.h"
#include "benchmarks/runner/run_options.h"
#include "benchmarks/workloads/workload.h"
#include "reports/catalogue/catalogue.h"
#include "reports/results/codec.h"
#include "tools/commands.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

constexpr double kLoadSeconds = 1, kNoiseSeconds = 2;

void print_cpu(const CpuFacts& cpu, int threads) {
  const auto or_unknown = [](const std::optional<std::string>& value) { return value.value_or("unknown"); };
  const auto on_off = [](const std::optional<bool>& value) { return !value ? "unknown" : *value ? "on" : "off"; };
  fmt::print("  {:16}{}\n", "CPU", cpu.model);
  fmt::print("  {:16}{} online, {} for this process\n", "CPUs", cpu.online, threads);
  fmt::print("  {:16}{}\n", "instructions", fmt::join(cpu.isa, " "));
  fmt::print("  {:16}{}\n", "microcode", or_unknown(cpu.microcode));
  fmt::print("  {:16}{}\n", "governor", or_unknown(cpu.governor));
  fmt::print("  {:16}{}, SMT {}\n", "turbo", on_off(cpu.turbo), on_off(cpu.smt));
  const auto quota = cpu_quota();
  fmt::print("  {:16}{}\n", "cgroup quota", quota ? fmt::format("{:g} CPUs", *quota) : "none");
}

void print_findings(const std::vector<FindingRecord>& findings, bool colour) {
  if (findings.empty()) {
    fmt::print("\nNo findings: this machine is suitable for measurements.\n");
    return;
  }
  fmt::print("\n");
  for (const auto& finding : findings) {
    fmt::print("{} {}\n  -> {}\n",
               styled(finding.serious ? "serious" : "note   ", finding.serious ? "31" : "33", colour), finding.what,
               finding.remedy);
  }
}

// GPUs by NVML, if it can be loaded (the meters' findings already report why not), and by the kernel's hwmon files.
std::vector<GpuState> gpus() {
  std::vector<GpuState> found = read_hwmon_gpus(meter_files());
  try {
    auto more = read_gpus();
    found.insert(found.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  } catch (const NvmlError&) {
    return found;
  }
  return found;
}

void print_gpu(const GpuState& gpu) {
  const auto number = [](const auto& value) { return value ? fmt::format("{:g}", static_cast<double>(*value)) : "?"; };
  fmt::print("  {:16}{} of {} MHz, power limit {} W (default {} W), PCIe {} x{} (card: {} x{})\n", gpu.name,
             number(gpu.clock_mhz), number(gpu.highest_clock_mhz), number(gpu.power_limit_watts),
             number(gpu.default_limit_watts), number(gpu.link_generation), number(gpu.link_width),
             number(gpu.highest_link_generation), number(gpu.highest_link_width));
}

struct Examination {
  CpuFacts cpu;
  CpuLoad load;
  std::vector<double> load_average;
  double noise = 0;  // see noise_floor()
  std::vector<BackendRecord> backends;
  std::vector<MeterOffer> offers;
  std::vector<GpuState> cards;
  std::vector<CeilingRecord> ceilings;
  std::vector<std::pair<std::string, std::string>> variables;
  std::vector<FindingRecord> findings;
};

Examination examine(int threads) {
  const bool variables_set = !dispatch_variables().empty();
  print_message("observing the load and measuring ceilings{}: about {} s\n",
                variables_set ? " and the cost of environment variables" : "", variables_set ? 10 : 6);
  Examination seen;
  seen.cpu = cpu_facts();
  const auto add = [&](std::vector<FindingRecord> more) {
    seen.findings.insert(seen.findings.end(), std::make_move_iterator(more.begin()),
                         std::make_move_iterator(more.end()));
  };
  add(cpu_findings(seen.cpu, cpu_quota(), threads));
  seen.load = observe_load(kLoadSeconds);
  seen.load_average = load_average();
  add(load_findings(seen.load));
  seen.noise = noise_floor(kNoiseSeconds);
  add(noise_findings(seen.noise));

  const ProbeSettings settings{program_folder(), threads};
  const std::string workload(workloads().front()->name());
  const auto probes = probe_backends({}, settings, workload);
  seen.backends.assign(probes.begin(), probes.end());
  add(kernel_findings(seen.backends));
  add(dispatch_findings(seen.backends, settings, workload));
  add(variable_costs(seen.backends, settings));

  seen.offers = find_meters();
  add(meter_findings(seen.offers));
  seen.cards = gpus();
  for (const auto& card : seen.cards) add(gpu_findings(card));
  seen.ceilings = ceilings_of_this_machine({"f64", "f32"}, threads, 0).ceilings;
  const auto catalogue = Catalogue::standard();
  add(ceiling_findings(
      seen.ceilings, [&](const CeilingRecord& c) { return catalogue.fraction_of_nominal(c); }, seen.cards));
  seen.variables = influential_variables();
  return seen;
}

void print(const Examination& seen, int threads) {
  const bool colour = use_colour(stdout);
  fmt::print("{}\n", styled("machine", "1", colour));
  print_cpu(seen.cpu, threads);
  fmt::print("  {:16}{:.0f}% of CPU time used by other programs, {:.1f}% stolen, load average {:.2f}\n", "load",
             100 * seen.load.busy, 100 * seen.load.steal, seen.load_average.empty() ? 0 : seen.load_average.front());
  fmt::print("  {:16}{:.1f}% (95th percentile over the fastest, repeated arithmetic for {:g} s)\n", "noise floor",
             100 * seen.noise, kNoiseSeconds);
  fmt::print("  {:16}±{:g}%: what `whygpu run` calls settled here, unless --precision says otherwise\n", "precision",
             100 * reachable_precision(seen.noise));

  fmt::print("\n{}\n", styled("libraries", "1", colour));
  for (const auto& backend : seen.backends) {
    fmt::print(
        "  {:16}{}\n", backend.name,
        backend.usable()
            ? fmt::format("{}, {}", backend.version,
                          backend.fact("dispatch").empty() ? "no dispatch" : "kernels for " + backend.fact("dispatch"))
            : backend.reason);
  }

  fmt::print("\n{}\n", styled("meters and GPUs", "1", colour));
  for (const auto& offer : seen.offers) {
    fmt::print("  {:16}{}\n", offer.source,
               offer.meter ? offer.meter->name() + ", " + offer.meter->how() : "none: " + offer.reason);
  }
  for (const auto& card : seen.cards) print_gpu(card);

  fmt::print("\n{}\n", styled("environment variables that affect kernels, threads or memory", "1", colour));
  for (const auto& [key, value] : seen.variables) fmt::print("  {}={}\n", key, value);
  if (seen.variables.empty()) fmt::print("  none set\n");
  print_findings(seen.findings, colour);
}

// With the records of a result file.
nlohmann::ordered_json json_of(const Examination& seen) {
  nlohmann::ordered_json json;
  json["environment"] = encode(environment_record());
  json["load"] = {
      {"busy_fraction", seen.load.busy}, {"steal_fraction", seen.load.steal}, {"averages", seen.load_average}};
  json["noise_floor"] = seen.noise;
  json["precision"] = reachable_precision(seen.noise);
  json["backends"] = encode(seen.backends);
  json["meters"] = encode(meter_records(seen.offers));
  json["ceilings"] = encode(seen.ceilings);
  json["findings"] = encode(seen.findings);
  return json;
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  struct Options {
    int threads = usable_cpus();
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "doctor", "Check whether this machine is suitable for measurements, with a remedy for each finding");
  command->footer("Example:\n  whygpu doctor");
  add_threads_option(*command, options->threads, "number of CPU threads of the planned run");
  command->add_flag("--json", options->json, "print JSON, with the records of a result file");
  command->callback([options, &exit_code] {
    const Examination seen = examine(options->threads);
    if (options->json) {
      fmt::print("{}\n", json_of(seen).dump(1));
    } else {
      print(seen, options->threads);
    }
    exit_code = 0;
  });
}

}  // namespace whygpu
