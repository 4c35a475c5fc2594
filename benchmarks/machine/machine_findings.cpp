#include "benchmarks/machine/machine_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/meters/find_meters.h"
#include "benchmarks/runner/ceilings/machine_ceilings.h"

namespace whygpu {
namespace {

// The part of a reason between backquotes, where it names a command.
std::string command_in(const std::string& reason) {
  const auto begin = reason.find('`'), end = reason.find('`', begin + 1);
  return begin == std::string::npos || end == std::string::npos ? "" : reason.substr(begin + 1, end - begin - 1);
}

std::string why_slow(const Ceiling& ceiling, const std::vector<GpuState>& gpus) {
  const auto gpu = std::ranges::find(gpus, ceiling.device, &GpuState::name);
  if (gpu != gpus.end()) {
    if (gpu->mig.value_or(false)) return "the GPU is divided (MIG): only a part of it was measured";
    if (!gpu->processes.empty()) return "other processes compute on the GPU";
    if (gpu->power_limit_watts && gpu->default_limit_watts && *gpu->power_limit_watts < *gpu->default_limit_watts) {
      return "the power limit is below the board's default";
    }
    if (ceiling.kind == "bandwidth" && gpu->ecc.value_or(false))
      return "ECC takes a part of the bandwidth of GDDR memory";
    return "look at clocks, temperature and throttle reasons: nvidia-smi -q -d PERFORMANCE,CLOCK";
  }
  if (ceiling.kind == "bandwidth")
    return "few threads cannot load all memory channels; a virtual machine has a share of them";
  return "a virtual machine or a quota has a share of the processor";
}

}  // namespace

std::vector<Finding> meter_findings(const std::vector<MeterOffer>& offers) {
  std::vector<Finding> findings;
  const bool any = std::ranges::any_of(offers, [](const MeterOffer& offer) { return offer.meter != nullptr; });
  for (const auto& offer : offers) {
    if (offer.meter || offer.reason.find("grants it") == std::string::npos) continue;
    findings.push_back({false, fmt::format("energy: {}: {}", offer.source, offer.reason), command_in(offer.reason)});
  }
  if (!any && findings.empty()) {
    findings.push_back({false, fmt::format("energy: no meter here ({})", why_no_meter(offers)),
                        "measure energy on the machine itself: virtual machines seldom show their meters"});
  }
  return findings;
}

std::vector<Finding> gpu_findings(const GpuState& gpu) {
  std::vector<Finding> findings;
  const auto add = [&](bool serious, const std::string& what, const std::string& remedy) {
    findings.push_back({serious, gpu.name + ": " + what, remedy});
  };
  if (!gpu.processes.empty()) {
    add(true, fmt::format("other processes compute on it ({})", fmt::join(gpu.processes, ", ")),
        "stop them: nvidia-smi names them");
  }
  if (gpu.power_limit_watts && gpu.default_limit_watts && *gpu.power_limit_watts < *gpu.default_limit_watts) {
    add(true,
        fmt::format("the power limit is {:.0f} W, the board's default {:.0f} W", *gpu.power_limit_watts,
                    *gpu.default_limit_watts),
        fmt::format("as root: nvidia-smi -pl {:.0f}", *gpu.default_limit_watts));
  }
  if (gpu.link_width && gpu.highest_link_width && *gpu.link_width < *gpu.highest_link_width) {
    add(true,
        fmt::format("the PCIe link has {} lanes of the {} that card and slot could have", *gpu.link_width,
                    *gpu.highest_link_width),
        "seat the card again, or choose another slot: transfers take that much longer");
  }
  if (gpu.link_generation && gpu.highest_link_generation && *gpu.link_generation < *gpu.highest_link_generation) {
    add(false,
        fmt::format("the PCIe link runs at generation {} of {}", *gpu.link_generation, *gpu.highest_link_generation),
        "look again under load: an idle link slows down to save power");
  }
  if (gpu.mig.value_or(false)) {
    add(true, "it is divided into instances (MIG): a run sees a part of it",
        "as root: nvidia-smi -mig 0, or say so beside the numbers");
  }
  if (!gpu.ecc.value_or(true))
    add(false, "ECC is off: memory is faster than in most machines of its kind", "say so beside the numbers");
  if (!gpu.persistence.value_or(true)) {
    add(false, "persistence mode is off: the driver is loaded anew for each process", "as root: nvidia-smi -pm 1");
  }
  return findings;
}

std::vector<Finding> ceiling_findings(const std::vector<Ceiling>& ceilings, const Catalogue& catalogue,
                                      const std::vector<GpuState>& gpus) {
  std::vector<Finding> findings;
  for (const auto& ceiling : ceilings) {
    const auto fraction = fraction_of_nominal(ceiling, catalogue);
    if (!fraction || *fraction >= kFitOfNominal) continue;
    findings.push_back(
        {true,
         fmt::format("{} reaches {:.0f}% of the {} that its maker promises", ceiling.device, 100 * *fraction,
                     ceiling.kind == "flops" ? ceiling.dtype + " speed" : "memory bandwidth"),
         why_slow(ceiling, gpus)});
  }
  return findings;
}

Finding variable_cost(const std::string& backend, const std::string& variable, const std::string& problem,
                      double slowdown) {
  return {
      slowdown > 1.05,
      fmt::format("{} makes {} {:.2f} times as slow on {}, measured in pairs", variable, backend, slowdown, problem),
      fmt::format("unset {}", variable.substr(0, variable.find('=')))};
}

}  // namespace whygpu
