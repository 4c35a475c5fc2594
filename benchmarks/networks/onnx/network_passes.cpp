#include "benchmarks/networks/onnx/network_passes.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "benchmarks/cases/case.h"

namespace whygpu::networks {
namespace {

constexpr double kShareOfMemory = 0.8;  // that operands may take

// Operators by case, in the order of the network.
std::map<std::string, std::vector<std::size_t>> by_case(const std::vector<NetworkPasses::Step>& steps) {
  std::map<std::string, std::vector<std::size_t>> result;
  for (std::size_t i = 0; i < steps.size(); ++i) result[steps[i].problem].push_back(i);
  return result;
}

}  // namespace

NetworkPasses::NetworkPasses(const NetworkRecord& network, Backend& backend, std::uint64_t seed)
    : backend_(backend), stopwatch_(backend.device().make_stopwatch()) {
  std::map<std::string, std::string> refused;
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) {
      if (work.problem.empty() || refused.contains(work.problem)) continue;
      const Case c = parse_case(work.problem);
      if (const Support support = find_workload(c.workload).supports(c, backend); !support) {
        refused[work.problem] = support.reason;
        continue;
      }
      steps_.push_back({node.name, work.problem, work.count});
      flops_ += static_cast<double>(work.count) * work.flops;
      bytes_ += find_workload(c.workload).work(c).memory_bytes;
    }
  }
  for (const auto& [problem, reason] : refused) missing_.push_back(problem + ": " + reason);
  if (steps_.empty()) {
    throw std::runtime_error(missing_.empty() ? "contains no convolution and no matrix product"
                                              : "runs none of its cases, such as " + missing_.front());
  }
  const auto free = static_cast<double>(backend.device().free_memory_bytes());
  if (bytes_ > kShareOfMemory * free) {
    throw std::runtime_error(
        fmt::format("its operands need {:.4g} GB, {:.4g} GB are free", 1e-9 * bytes_, 1e-9 * free));
  }
  places_.resize(steps_.size());
  for (const auto& [problem, members] : by_case(steps_)) {
    const Case c = parse_case(problem);
    Trial& trial = *trials_.emplace_back(find_workload(c.workload).prepare(c, backend));
    trial.load(seed);
    if (const Verdict verdict = trial.verify(); verdict.status != Status::ok) {
      throw std::runtime_error(fmt::format("{}: {}: {}", problem, name_of(verdict.status), verdict.reason));
    }
    trial.allocate_sets(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) places_[members[i]] = {&trial, i};
  }
  backend_.device().synchronize();
}

void NetworkPasses::enqueue(std::size_t step) const {
  const auto [trial, set] = places_[step];
  for (std::int64_t i = 0; i < steps_[step].count; ++i) trial->enqueue(set);
}

double NetworkPasses::run() {
  stopwatch_->start();
  for (std::size_t i = 0; i < steps_.size(); ++i) enqueue(i);
  stopwatch_->stop();
  return stopwatch_->seconds();
}

std::vector<double> NetworkPasses::run_steps() {
  std::vector<double> seconds;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    stopwatch_->start();
    enqueue(i);
    stopwatch_->stop();
    seconds.push_back(stopwatch_->seconds());
  }
  return seconds;
}

}  // namespace whygpu::networks
