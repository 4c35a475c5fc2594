// whygpu doctor: checks whether this machine is suitable for measurements.
#include <fmt/format.h>

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

void append(std::vector<FindingRecord>& all, std::vector<FindingRecord> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// GPUs by NVML; none if it cannot be loaded, which the meters' findings already report.
std::vector<GpuState> gpus() {
  try {
    return read_gpus();
  } catch (const NvmlError&) {
    return {};
  }
}

void print_gpu(const GpuState& gpu) {
  const auto number = [](const auto& value) { return value ? fmt::format("{:g}", static_cast<double>(*value)) : "?"; };
  fmt::print("  {:16}{} of {} MHz, power limit {} W (default {} W), PCIe {} x{} (card: {} x{})\n", gpu.name,
             number(gpu.clock_mhz), number(gpu.highest_clock_mhz), number(gpu.power_limit_watts),
             number(gpu.default_limit_watts), number(gpu.link_generation), number(gpu.link_width),
             number(gpu.highest_link_generation), number(gpu.highest_link_width));
}

void examine(int threads) {
  const bool colour = use_colour(stdout);
  const bool variables_set = !dispatch_variables().empty();
  print_message("observing the load and measuring ceilings{}: about {} s\n",
                variables_set ? " and the cost of environment variables" : "", variables_set ? 10 : 6);
  const CpuFacts cpu = cpu_facts();
  fmt::print("{}\n", styled("machine", "1", colour));
  print_cpu(cpu, threads);
  std::vector<FindingRecord> findings = cpu_findings(cpu, cpu_quota(), threads);

  const CpuLoad load = observe_load(kLoadSeconds);
  fmt::print("  {:16}{:.0f}% of CPU time used by other programs, {:.1f}% stolen, load average {:.2f}\n", "load",
             100 * load.busy, 100 * load.steal, load_average().empty() ? 0 : load_average().front());
  append(findings, load_findings(load));

  const double noise = noise_floor(kNoiseSeconds);
  fmt::print("  {:16}{:.1f}% (95th percentile over the fastest, repeated arithmetic for {:g} s)\n", "noise floor",
             100 * noise, kNoiseSeconds);
  append(findings, noise_findings(noise));

  fmt::print("\n{}\n", styled("libraries", "1", colour));
  const ProbeSettings settings{program_folder(), threads};
  const std::string workload(workloads().front()->name());
  const auto probes = probe_backends({}, settings, workload);
  const std::vector<BackendRecord> backends(probes.begin(), probes.end());
  for (const auto& backend : backends) {
    fmt::print(
        "  {:16}{}\n", backend.name,
        backend.usable()
            ? fmt::format("{}, {}", backend.version,
                          backend.fact("dispatch").empty() ? "no dispatch" : "kernels for " + backend.fact("dispatch"))
            : backend.reason);
  }
  append(findings, dispatch_findings(backends, settings, workload));
  append(findings, variable_costs(backends, settings));

  fmt::print("\n{}\n", styled("meters and GPUs", "1", colour));
  const auto offers = find_meters();
  for (const auto& offer : offers) {
    fmt::print("  {:16}{}\n", offer.source,
               offer.meter ? offer.meter->name() + ", " + offer.meter->how() : "none: " + offer.reason);
  }
  append(findings, meter_findings(offers));
  const auto cards = gpus();
  for (const auto& gpu : cards) {
    print_gpu(gpu);
    append(findings, gpu_findings(gpu));
  }
  const auto ceilings = ceilings_of_this_machine({"f64", "f32"}, threads, 0).ceilings;
  const auto catalogue = Catalogue::standard();
  append(findings, ceiling_findings(
                       ceilings, [&](const CeilingRecord& c) { return catalogue.fraction_of_nominal(c); }, cards));

  const auto variables = influential_variables();
  fmt::print("\n{}\n", styled("environment variables that affect kernels, threads or memory", "1", colour));
  for (const auto& [key, value] : variables) fmt::print("  {}={}\n", key, value);
  if (variables.empty()) fmt::print("  none set\n");
  print_findings(findings, colour);
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  auto threads = std::make_shared<int>(usable_cpus());
  auto* command = app.add_subcommand(
      "doctor", "Check whether this machine is suitable for measurements, with a remedy for each finding");
  command->footer("Example:\n  whygpu doctor");
  add_threads_option(*command, *threads, "number of CPU threads of the planned run");
  command->callback([threads, &exit_code] {
    examine(*threads);
    exit_code = 0;
  });
}

}  // namespace whygpu
