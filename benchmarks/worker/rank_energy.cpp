#include "benchmarks/worker/rank_energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "backends/devices/pci_bus_id.h"
#include "benchmarks/machine/environment.h"
#include "benchmarks/worker/ranks.h"

namespace whygpu {
namespace {

using nlohmann::json;

bool has(const RankMeters& rank, MeterScope scope) { return std::ranges::count(rank.scopes, scope) > 0; }

// Why the sum over all ranks would lack something, if so.
std::string what_is_missing(const std::vector<RankMeters>& ranks) {
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (!ranks[i].missing.empty()) return fmt::format("rank {}: {}", i, ranks[i].missing);
    for (const MeterScope scope : {MeterScope::host, MeterScope::device, MeterScope::machine}) {
      const auto other = [&](const RankMeters& rank) { return has(rank, scope); };
      if (has(ranks[i], scope) || std::ranges::none_of(ranks, other)) continue;
      return fmt::format("rank {} on {}: no meter of the {}, which other ranks have", i, ranks[i].host,
                         scope_name(scope));
    }
  }
  return "";
}

}  // namespace

RunMeters own_meters(RunMeters run, std::size_t rank, const std::vector<RankMeters>& ranks) {
  run.missing = what_is_missing(ranks);
  if (!run.missing.empty()) {
    run.meters.clear();
    run.measured = false;
    return run;
  }
  const RankMeters& own = ranks[rank];
  for (std::size_t earlier = 0; earlier < rank; ++earlier) {
    if (ranks[earlier].host != own.host) continue;
    const bool same_device = same_pci_device(ranks[earlier].pci_bus_id, own.pci_bus_id);
    std::erase_if(run.meters, [&](const auto& m) { return m->scope() != MeterScope::device || same_device; });
  }
  run.measured = std::ranges::any_of(ranks, [](const RankMeters& each) { return !each.scopes.empty(); });
  return run;
}

RunMeters share_meters(RunMeters run, const Device& device) {
  if (world() == nullptr) return run;
  json own = {host_name(), pci_bus_id(device), run.missing, json::array()};
  for (const auto& meter : run.meters) own[3].push_back(meter->scope());
  std::vector<RankMeters> ranks;
  for (const auto& text : world()->gather(own.dump())) {
    const json rank = json::parse(text);
    ranks.push_back({rank[0], rank[1], rank[2], rank[3].get<std::vector<MeterScope>>()});
  }
  return own_meters(std::move(run), static_cast<std::size_t>(world()->rank()), ranks);
}

EnergyResult of_all_ranks(EnergyResult own) {
  if (world() == nullptr) return own;
  json readings = json::array();
  for (const auto& m : own.meters) {
    readings.push_back({m.name, m.scope, m.joules_per_op, m.watts, m.idle_watts, m.spread, m.lost});
  }
  EnergyResult all{{}, own.seconds_per_op, greatest(own.stable ? 0 : 1) == 0};
  const auto texts = world()->gather(readings.dump());
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    for (const json& m : json::parse(texts[rank])) {
      all.meters.push_back(
          {fmt::format("rank {}: {}", rank, m[0].get<std::string>()), m[1], m[2], m[3], m[4], m[5], m[6]});
    }
  }
  return all;
}

EnergyClock common_clock() {
  EnergyClock clock = EnergyClock::steady();
  if (world() == nullptr) return clock;
  world()->barrier();
  const double start = clock.now();
  clock.now = [start, own = clock.now] { return greatest(own() - start); };
  return clock;
}

}  // namespace whygpu
