#include "benchmarks/worker/ranks.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "backends/loader.h"
#include "benchmarks/machine/environment.h"

namespace whygpu {
namespace {

std::unique_ptr<World> joined;
std::unique_ptr<Communicator> device_communicator;

// The CPUs that this process may use, such as "0-3,8".
std::string usable_cpu_list() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "";
  std::string list;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &set)) continue;
    const int first = cpu;
    while (cpu + 1 < CPU_SETSIZE && CPU_ISSET(cpu + 1, &set)) ++cpu;
    list += fmt::format("{}{}", list.empty() ? "" : ",", first);
    if (cpu > first) list += fmt::format("-{}", cpu);
  }
  return list;
}

}  // namespace

World* world() { return joined.get(); }

void join_ranks(int count) {
  // Open MPI 4.1 binds every rank that srun starts to the first CPU; the launcher's own binding is kept.
  cpu_set_t allowed;
  const bool known = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
  joined = join_world();
  if (known) sched_setaffinity(0, sizeof allowed, &allowed);
  if (joined->ranks() == count) return;
  const int started = joined->ranks();
  throw LoadError(fmt::format("the launcher started {} where {} ranks were asked for{}",
                              started == 1 ? "this process alone" : fmt::format("{} ranks", started), count,
                              started == 1 ? ": it is not the launcher of this MPI" : ""));
}

void leave_ranks() {
  device_communicator.reset();
  joined.reset();
}

void leave_with_error(const std::string& error) {
  std::fputs(fmt::format("rank {} on {}: {}\n", joined->rank(), host_name(), error).c_str(), stderr);
  std::fflush(nullptr);
  joined->abort();
  std::abort();
}

double greatest(double value) { return joined ? std::ranges::max(joined->gather(value)) : value; }

double least(double value) { return joined ? std::ranges::min(joined->gather(value)) : value; }

Verdict agreed(const Verdict& verdict) {
  if (!joined) return verdict;
  const auto statuses = joined->gather(static_cast<double>(verdict.status));
  const auto reasons = joined->gather(verdict.reason);
  for (std::size_t rank = 0; rank < statuses.size(); ++rank) {
    const auto status = static_cast<Status>(statuses[rank]);
    if (status == Status::ok) continue;
    return {status, status == Status::unsupported ? reasons[rank] : fmt::format("rank {}: {}", rank, reasons[rank])};
  }
  return {};
}

std::string first_not_empty(const std::string& text) {
  if (!joined) return text;
  const auto all = joined->gather(text);
  const auto found = std::ranges::find_if(all, [](const std::string& said) { return !said.empty(); });
  return found == all.end() ? "" : *found;
}

int ranks_on_this_host() {
  return joined ? static_cast<int>(std::ranges::count(joined->gather(host_name()), host_name())) : 1;
}

int earlier_ranks_on_this_host() {
  if (!joined) return 0;
  const auto hosts = joined->gather(host_name());
  return static_cast<int>(std::count(hosts.begin(), hosts.begin() + joined->rank(), host_name()));
}

Communicator& communicator_for(Device& device) {
  if (device.kind() == DeviceKind::cpu) return *joined;
  if (!device_communicator) device_communicator = load_communicator(*joined, device);
  return *device_communicator;
}

Support supports_ranks(std::int64_t ranks, const Device& device) {
  if (ranks == 1) return {};
  for (const DeviceKind kind : {DeviceKind::cpu, device.kind()}) {
    if (std::string missing = first_not_empty(missing_communicator(kind)); !missing.empty())
      return Support::no(missing);
  }
  return {};
}

std::vector<RankRecord> describe_ranks(const Device& device) {
  if (!joined) return {};
  const auto hosts = joined->gather(host_name()), devices = joined->gather(device.name()),
             cpus = joined->gather(usable_cpu_list());
  std::vector<RankRecord> ranks;
  for (std::size_t i = 0; i < hosts.size(); ++i) ranks.push_back({hosts[i], devices[i], cpus[i]});
  return ranks;
}

}  // namespace whygpu
