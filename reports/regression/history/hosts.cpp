#include "reports/regression/history/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "reports/regression/statistics/paired.h"
#include "reports/results/machine_fingerprint.h"

namespace whygpu {
namespace {

constexpr double kSmallestVariance = 1e-18;  // pairs without scatter do not make a host infinitely certain

struct HostEstimate {
  double step = 0;
  double variance = 0;
};

// The estimate of each host. A host's few pairs say little about their scatter, which is therefore pooled.
std::vector<HostEstimate> host_estimates(const Link& link) {
  std::vector<HostEstimate> estimates;
  double squares = 0, freedom = 0;
  std::size_t begin = 0;
  for (const std::size_t count : link.per_host) {
    const auto d = std::span(link.log_ratios).subspan(begin, count);
    const double deviation = scatter(d);
    estimates.push_back({hodges_lehmann(d), 1 / (kEfficiency * static_cast<double>(count))});
    squares += static_cast<double>(count - 1) * deviation * deviation;
    freedom += static_cast<double>(count - 1);
    begin += count;
  }
  const double pooled = freedom > 0 ? squares / freedom : 0;
  for (auto& estimate : estimates) estimate.variance = std::max(estimate.variance * pooled, kSmallestVariance);
  return estimates;
}

// Mean with weights 1 / (variance + host_variance), and the variance of that mean.
HostEstimate weighted_mean(std::span<const HostEstimate> estimates, double host_variance) {
  double weights = 0, sum = 0;
  for (const auto& estimate : estimates) {
    const double weight = 1 / (estimate.variance + host_variance);
    weights += weight;
    sum += weight * estimate.step;
  }
  return {sum / weights, 1 / weights};
}

double between_hosts(std::span<const Link> links) {
  double excess = 0, scale = 0;
  for (const Link& link : links) {
    if (link.per_host.size() < 2) continue;
    const auto estimates = host_estimates(link);
    const double mean = weighted_mean(estimates, 0).step;
    double q = 0, weights = 0, squares = 0;
    for (const auto& estimate : estimates) {
      const double weight = 1 / estimate.variance;
      q += weight * (estimate.step - mean) * (estimate.step - mean);
      weights += weight;
      squares += weight * weight;
    }
    // Every link counts by what its hosts know, as every host within a link does.
    excess += (q - static_cast<double>(estimates.size() - 1)) / weights;
    scale += (weights - squares / weights) / weights;
  }
  return scale > 0 ? std::max(0.0, excess / scale) : 0;
}

std::string backend_of(const std::string& text) {
  constexpr std::string_view kKey = " backend=";
  const auto at = text.find(kKey);
  if (at == std::string::npos) return {};
  const auto begin = at + kKey.size();
  return text.substr(begin, text.find(' ', begin) - begin);
}

}  // namespace

std::string machine_kind(const Comparison& comparison, const std::string& text) {
  if (!comparison.environment) return comparison.machine;
  std::string kind = cpu_kind(*comparison.environment);
  const std::string backend = backend_of(text);
  const auto device = std::ranges::find(comparison.devices, backend, &ComparedDevice::backend);
  if (device != comparison.devices.end()) return fmt::format("{}, {}", kind, device->name);
  // Versions up to 0.2 did not record which accelerator it was.
  const bool unnamed =
      !backend.empty() && comparison.machine.find(fmt::format(", {} on ", backend)) != std::string::npos;
  return unnamed ? comparison.machine : kind;
}

std::string host_of(const Comparison& comparison) {
  return fmt::format("{}\n{}", comparison.machine, comparison.environment ? comparison.environment->host : "");
}

Series join_hosts(std::vector<Series> hosts) {
  if (hosts.size() == 1) return std::move(hosts.front());
  std::map<std::pair<std::string, std::string>, Link> joined;
  for (Series& host : hosts) {
    for (Link& link : host.links) {
      const std::size_t count = link.log_ratios.size();
      auto [found, is_new] = joined.try_emplace({link.base, link.head});
      Link& all = found->second;
      if (is_new) {
        all = std::move(link);
      } else {
        all.log_ratios.insert(all.log_ratios.end(), link.log_ratios.begin(), link.log_ratios.end());
        all.simulated = all.simulated || link.simulated;
        if (link.added < all.added)
          all.added = link.added, all.started = link.started;
        else
          all.ruling = link.ruling;
      }
      if (count > 0) all.per_host.push_back(count);
    }
  }
  Series series;
  series.key = hosts.front().key;
  series.hosts = hosts.size();
  for (auto& [step, link] : joined) series.links.push_back(std::move(link));
  std::ranges::sort(series.links, {}, &Link::added);
  series.host_variance = between_hosts(series.links);
  return series;
}

StepEstimate estimate_step(const Link& link, double host_variance) {
  if (link.log_ratios.empty()) return {};
  if (link.per_host.size() < 2) {
    const double own = scatter(link.log_ratios) / std::sqrt(kEfficiency * static_cast<double>(link.log_ratios.size()));
    return {hodges_lehmann(link.log_ratios), std::hypot(own, std::sqrt(host_variance))};
  }
  const auto mean = weighted_mean(host_estimates(link), host_variance);
  return {mean.step, std::sqrt(mean.variance)};
}

}  // namespace whygpu
