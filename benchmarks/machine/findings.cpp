#include "benchmarks/machine/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/meters/find_meters.h"

namespace whygpu {
namespace {

constexpr double kBusyShare = 0.05, kStealShare = 0.01;
constexpr const char* kDedicated = "use a machine or an instance type with dedicated cores";
constexpr double kNoisy = 0.05, kVeryNoisy = 0.20;

// The command between backquotes in a reason, if there is one.
std::string command_in(const std::string& reason) {
  const auto begin = reason.find('`'), end = reason.find('`', begin + 1);
  return begin == std::string::npos || end == std::string::npos ? "" : reason.substr(begin + 1, end - begin - 1);
}

std::string why_slow(const CeilingRecord& ceiling, const std::vector<GpuState>& gpus) {
  const auto gpu = std::ranges::find(gpus, ceiling.device, &GpuState::name);
  if (gpu != gpus.end()) {
    if (gpu->mig.value_or(false)) return "the GPU is partitioned (MIG): only a part of it was measured";
    if (!gpu->processes.empty()) return "other processes compute on the GPU";
    if (gpu->power_limit_watts && gpu->default_limit_watts && *gpu->power_limit_watts < *gpu->default_limit_watts) {
      return "the power limit is below the board's default";
    }
    if (ceiling.kind == CeilingKind::bandwidth && gpu->ecc.value_or(false))
      return "ECC reduces the bandwidth of GDDR memory";
    return "check clocks, temperature and throttle reasons: nvidia-smi -q -d PERFORMANCE,CLOCK";
  }
  if (ceiling.kind == CeilingKind::bandwidth)
    return "few threads cannot saturate all memory channels; a virtual machine has a share of them";
  return "a virtual machine or a quota has a share of the processor";
}

}  // namespace

std::vector<FindingRecord> cpu_findings(const CpuFacts& cpu, std::optional<double> quota, int threads) {
  std::vector<FindingRecord> findings;
  if (cpu.emulated) {
    findings.push_back({true, "this program is emulated: the processor has another architecture",
                        "use a build for this machine; results are right, times are those of the emulator"});
  }
  if (cpu.governor && *cpu.governor != "performance") {
    findings.push_back({true, fmt::format("the CPU governor is \"{}\": clocks follow the load", *cpu.governor),
                        "as root: echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"});
  }
  if (cpu.turbo.value_or(false)) {
    findings.push_back({false, "turbo is on: clocks depend on temperature and on how many cores are busy",
                        "leave it on to measure what users get; turn it off to compare builds"});
  }
  if (cpu.smt.value_or(false)) {
    findings.push_back({false, "SMT is on: two threads may share a core",
                        "set --threads to the number of physical cores, or pin with taskset"});
  }
  if (cpu.online > 0 && threads > cpu.online) {
    findings.push_back({true, fmt::format("{} threads on {} CPUs: oversubscribed", threads, cpu.online),
                        fmt::format("run with --threads {}", cpu.online)});
  }
  if (quota && *quota != std::floor(*quota)) {
    findings.push_back(
        {true,
         fmt::format("the cgroup grants {:.2f} CPUs: with {} threads some are throttled each period", *quota, threads),
         fmt::format("run with --threads {}, or lift the quota", std::max(1, static_cast<int>(*quota)))});
  } else if (quota && threads > *quota) {
    findings.push_back({true, fmt::format("{} threads on a quota of {:g} CPUs: threads are throttled", threads, *quota),
                        fmt::format("run with --threads {:g}", *quota)});
  }
  return findings;
}

std::vector<FindingRecord> rank_findings(int ranks, const RunSettings& settings, int cpus) {
  if (settings.launcher.find(' ') != std::string::npos || settings.launcher.starts_with("srun")) return {};
  if (ranks == 1 || ranks * settings.threads <= cpus) return {};
  return {{true,
           fmt::format("{} ranks of {} thread{} share {} CPUs: they wait for one another's CPU time", ranks,
                       settings.threads, settings.threads == 1 ? "" : "s", cpus),
           "read no scaling from these cases; start fewer ranks, or name more hosts in --launcher"}};
}

std::vector<FindingRecord> load_findings(const CpuLoad& b) {
  std::vector<FindingRecord> findings;
  if (b.busy > kBusyShare) {
    findings.push_back({true, fmt::format("other programs use {:.0f}% of the CPU time", 100 * b.busy),
                        "stop them (top lists them), or measure longer and check the spread"});
  }
  if (b.steal > kStealShare) {
    findings.push_back(
        {true, fmt::format("the hypervisor takes away {:.1f}% of the CPU time", 100 * b.steal), kDedicated});
  }
  return findings;
}

std::vector<FindingRecord> steal_findings(double steal) {
  if (steal <= kStealShare) return {};
  return {
      {true, fmt::format("the hypervisor took away {:.1f}% of the CPU time during the run", 100 * steal), kDedicated}};
}

std::vector<FindingRecord> noise_findings(double noise) {
  if (noise < kNoisy) return {};
  return {{noise > kVeryNoisy,
           fmt::format("the same arithmetic takes up to {:.0f}% longer from one moment to the next (95th percentile)",
                       100 * noise),
           "ignore differences below that, or compare builds in back-to-back pairs (whygpu gate)"}};
}

std::vector<FindingRecord> meter_findings(const std::vector<MeterOffer>& offers) {
  std::vector<FindingRecord> findings;
  const bool any = std::ranges::any_of(offers, [](const MeterOffer& offer) { return offer.meter != nullptr; });
  for (const auto& offer : offers) {
    if (offer.meter || offer.reason.find("grants it") == std::string::npos) continue;
    findings.push_back({false, fmt::format("energy: {}: {}", offer.source, offer.reason), command_in(offer.reason)});
  }
  if (!any && findings.empty()) {
    findings.push_back({false, fmt::format("energy: no meter ({})", why_no_meter(offers)),
                        "measure energy on bare metal: virtual machines seldom expose meters"});
  }
  return findings;
}

std::vector<FindingRecord> gpu_findings(const GpuState& gpu) {
  std::vector<FindingRecord> findings;
  const auto add = [&](bool serious, const std::string& what, const std::string& remedy) {
    findings.push_back({serious, gpu.name + ": " + what, remedy});
  };
  if (!gpu.processes.empty()) {
    add(true, fmt::format("other processes compute on it ({})", fmt::join(gpu.processes, ", ")),
        "stop them: nvidia-smi lists them");
  }
  if (gpu.power_limit_watts && gpu.default_limit_watts && *gpu.power_limit_watts < *gpu.default_limit_watts) {
    add(true,
        fmt::format("the power limit is {:.0f} W, the board's default {:.0f} W", *gpu.power_limit_watts,
                    *gpu.default_limit_watts),
        "as root: " + gpu.default_limit_command);
  }
  if (gpu.link_width && gpu.highest_link_width && *gpu.link_width < *gpu.highest_link_width) {
    add(true,
        fmt::format("the PCIe link uses {} lanes of the {} that card and slot support", *gpu.link_width,
                    *gpu.highest_link_width),
        "reseat the card, or use another slot: transfers are slower in proportion");
  }
  if (gpu.link_generation && gpu.highest_link_generation && *gpu.link_generation < *gpu.highest_link_generation) {
    add(false,
        fmt::format("the PCIe link runs at generation {} of {}", *gpu.link_generation, *gpu.highest_link_generation),
        "check again under load: an idle link slows down to save power");
  }
  if (gpu.mig.value_or(false)) {
    add(true, "it is partitioned (MIG): a run uses a part of it",
        "as root: nvidia-smi -mig 0, or report it with the results");
  }
  if (!gpu.ecc.value_or(true))
    add(false, "ECC is off: memory is faster than in most machines of its kind", "report it with the results");
  if (!gpu.reports_throttling) {
    add(false, "the driver does not report what limits its clocks: throttling would go unnoticed",
        "watch temperature, power and clocks during a run: nvidia-smi dmon");
  }
  if (!gpu.persistence.value_or(true)) {
    add(false, "persistence mode is off: the driver is reloaded for each process", "as root: nvidia-smi -pm 1");
  }
  return findings;
}

std::vector<FindingRecord> ceiling_findings(
    const std::vector<CeilingRecord>& ceilings,
    const std::function<std::optional<double>(const CeilingRecord&)>& fraction_of_nominal,
    const std::vector<GpuState>& gpus) {
  std::vector<FindingRecord> findings;
  for (const auto& ceiling : ceilings) {
    const auto fraction = fraction_of_nominal(ceiling);
    if (!fraction || *fraction >= kFitOfNominal) continue;
    findings.push_back(
        {true,
         fmt::format("{} reaches {:.0f}% of the {} specified by its manufacturer", ceiling.device, 100 * *fraction,
                     ceiling.kind == CeilingKind::flops ? ceiling.dtype + " speed" : "memory bandwidth"),
         why_slow(ceiling, gpus)});
  }
  return findings;
}

}  // namespace whygpu
