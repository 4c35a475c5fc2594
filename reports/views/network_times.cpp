#include "reports/views/network_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "reports/results/measures.h"
#include "reports/results/problems.h"

namespace whygpu {
namespace {

constexpr double kShareOfCache = 0.5;  // that holds the operands of an operator

// Bytes of a cache level that the run's threads reach together; infinite for memory, 0 if not known.
double capacity(const ResultFile& file, const std::string& device, const std::string& level) {
  if (level == "memory") return std::numeric_limits<double>::infinity();
  for (const auto& backend : file.backends) {
    if (backend.on_accelerator() && backend.device->name == device) {
      return level == "L2" ? static_cast<double>(backend.device->cache_bytes) : 0;
    }
  }
  for (const auto& cache : file.environment.caches) {
    if (cache.type == "Instruction" || cache.level < 2 || level != "L" + std::to_string(cache.level)) continue;
    const int sharing = std::max(cache.sharing, 1);
    return static_cast<double>(cache.bytes) * ((file.run.threads + sharing - 1) / sharing);
  }
  return 0;
}

struct Timed {
  std::string contender, device;
  double seconds = 0;
};

// The timed cases of a file by problem.
using Times = std::map<std::string, std::vector<Timed>>;

Times times_of(const ResultFile& file) {
  Times times;
  for (const auto& record : file.cases) {
    const auto* backend = file.backend(record.backend);
    const auto time = time_ns(record);
    if (record.status != Status::ok || !time || backend == nullptr || !backend->usable()) continue;
    times[record.problem].push_back({contender_name(file, record), backend->device->name, 1e-9 * time->value});
  }
  return times;
}

// The largest cache of a device.
double cache_bytes(const ResultFile& file, const std::string& device) {
  for (const auto& backend : file.backends) {
    if (backend.usable() && backend.device->name == device) return static_cast<double>(backend.device->cache_bytes);
  }
  return std::numeric_limits<double>::infinity();
}

// The shortest time of a problem among those that `fits`; null if there is none. Cold if `cold`, where the file has
// that: files of earlier versions have hot cases only.
template <class Fits>
const Timed* best_time(const Times& times, const std::string& problem, bool cold, const Fits& fits) {
  const Timed* best = nullptr;
  const auto look = [&](const std::string& key) {
    const auto found = times.find(key);
    if (found == times.end()) return;
    for (const auto& timed : found->second) {
      if (fits(timed) && (best == nullptr || timed.seconds < best->seconds)) best = &timed;
    }
  };
  if (cold) look(cold_problem(problem));
  if (best == nullptr) look(problem);
  return best;
}

// Whether the file has cold cases of the network on a device that needs them.
bool composed_cold(const ResultFile& file, const NetworkRecord& network, const Times& times,
                   const std::string& device) {
  if (!runs_cold(network, cache_bytes(file, device))) return false;
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) {
      if (!work.problem.empty() && times.contains(cold_problem(work.problem))) return true;
    }
  }
  return false;
}

template <class Fits>
NetworkTime compose(const ResultFile& file, const NetworkRecord& network, const Times& times, std::string name,
                    const std::string& device, const Fits& fits) {
  NetworkTime total;
  total.name = std::move(name);
  total.device = device;
  total.cold = composed_cold(file, network, times, device);
  std::set<std::string> missing;
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) {
      const auto count = static_cast<double>(work.count);
      if (work.problem.empty()) {
        const auto seconds = traffic_seconds(file, device, work.bytes);
        total.traffic_known = total.traffic_known && seconds;
        total.modelled += count * seconds.value_or(0);
        total.by_pass[work.pass] += count * seconds.value_or(0);
      } else if (const Timed* timed = best_time(times, work.problem, total.cold, fits)) {
        total.measured += count * timed->seconds;
        total.by_pass[work.pass] += count * timed->seconds;
      } else {
        total.missing_flops += count * work.flops;
        if (missing.insert(work.problem).second) total.missing.push_back(work.problem);
      }
    }
  }
  return total;
}

}  // namespace

std::optional<double> traffic_seconds(const ResultFile& file, const std::string& device, double bytes) {
  double smallest = std::numeric_limits<double>::infinity();
  std::optional<double> bandwidth;
  for (const auto& ceiling : file.ceilings) {
    if (ceiling.kind != CeilingKind::bandwidth || ceiling.device != device) continue;
    const double bytes_held = capacity(file, device, ceiling.level);
    const bool holds = kShareOfCache * bytes_held >= bytes;
    if (!holds || (bandwidth && bytes_held >= smallest)) continue;
    smallest = bytes_held;
    bandwidth = ceiling.value;
  }
  if (!bandwidth) return std::nullopt;
  return bytes / *bandwidth;
}

NetworkContents contents_of(const NetworkRecord& network) {
  NetworkContents contents;
  std::set<std::string> distinct;
  for (const auto& node : network.nodes) {
    bool product = false, convolution = false;
    for (const auto& work : node.work) {
      const auto count = static_cast<double>(work.count);
      if (work.problem.empty()) {
        (node.unknown.empty() ? contents.other_flops : contents.unknown_flops) += count * work.flops;
        contents.traffic_bytes += count * work.bytes;
      } else {
        contents.product_flops += count * work.flops;
        distinct.insert(work.problem);
        product = true;
        convolution = convolution || work.problem.starts_with(kConvolution);
      }
    }
    ++(convolution ? contents.convolutions : product ? contents.products : contents.others);
    contents.complete = contents.complete && !node.unknown.starts_with(kNotCounted);
    if (!node.unknown.empty()) ++contents.unknown[node.op + ": " + node.unknown];
  }
  contents.distinct = distinct.size();
  return contents;
}

std::string coverage_of(const NetworkContents& contents) {
  return fmt::format("{:.2f}% measured + {:.2f}% modelled = {:.2f}% covered, {:.2f}% unknown",
                     100 * contents.measured(), 100 * contents.modelled(), 100 * contents.covered(),
                     100 * (contents.flops() > 0 ? contents.unknown_flops / contents.flops() : 0));
}

std::vector<NetworkTime> network_times(const ResultFile& file, const NetworkRecord& network) {
  const Times times = times_of(file);
  std::vector<std::pair<std::string, std::string>> contenders;  // with their device
  for (const auto& record : file.cases) {
    const auto* backend = file.backend(record.backend);
    if (backend == nullptr || !backend->usable()) continue;
    const std::pair contender{contender_name(file, record), backend->device->name};
    if (std::ranges::find(contenders, contender) == contenders.end()) contenders.push_back(contender);
  }
  std::vector<NetworkTime> result;
  std::vector<std::string> devices;
  for (const auto& [name, device] : contenders) {
    auto total = compose(file, network, times, name, device,
                         [&name = name](const Timed& timed) { return timed.contender == name; });
    if (total.measured == 0) continue;
    result.push_back(std::move(total));
    if (std::ranges::find(devices, device) == devices.end()) devices.push_back(device);
  }
  for (const auto& device : devices) {
    if (std::ranges::count(result, device, &NetworkTime::device) < 2) continue;
    result.push_back(compose(file, network, times, "best of each", device,
                             [&device](const Timed& timed) { return timed.device == device; }));
  }
  return result;
}

std::vector<LayerTime> layer_times(const ResultFile& file, const NetworkRecord& network, const std::string& device) {
  const Times times = times_of(file);
  const bool cold = composed_cold(file, network, times, device);
  std::map<std::pair<std::string, std::string>, LayerTime> layers;  // by what and pass
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) {
      const auto count = static_cast<double>(work.count);
      const bool traffic = work.problem.empty();
      const Timed* timed = traffic ? nullptr : best_time(times, work.problem, cold, [&](const Timed& candidate) {
        return candidate.device == device;
      });
      const std::string what = traffic ? "memory traffic of " + node.op : work.problem;
      LayerTime& layer = layers[{what, work.pass}];
      if (layer.count == 0) layer = {what, node.name, work.pass, timed == nullptr ? "" : timed->contender, 0, 0, 0};
      layer.count += count;
      layer.flops += count * work.flops;
      if (traffic) layer.seconds += count * traffic_seconds(file, device, work.bytes).value_or(0);
      if (timed != nullptr) layer.seconds += count * timed->seconds;
    }
  }
  std::vector<LayerTime> result;
  for (auto& [key, layer] : layers) result.push_back(std::move(layer));
  std::ranges::stable_sort(result, std::greater{}, &LayerTime::seconds);
  return result;
}

}  // namespace whygpu
