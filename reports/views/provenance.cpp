#include "reports/views/provenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/render/text.h"
#include "reports/views/ceiling_place.h"

namespace whygpu {
namespace {

constexpr double kSustains = 0.97;  // of a ceiling: less is reported

// Implementations listed per backend; further ones are only counted.
constexpr std::size_t kMostImplementations = 4;

std::string implementations_of(const ResultFile& file, const std::string& backend) {
  std::vector<std::pair<std::string, std::size_t>> seen;
  for (const auto& record : file.cases) {
    if (record.backend != backend || record.status == Status::unsupported || record.implementation.empty()) continue;
    auto found =
        std::find_if(seen.begin(), seen.end(), [&](const auto& s) { return s.first == record.implementation; });
    if (found == seen.end()) found = seen.insert(seen.end(), {record.implementation, 0});
    ++found->second;
  }
  std::stable_sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(seen.size(), kMostImplementations); ++i) {
    parts.push_back(seen[i].first);
    if (seen.size() > 1) parts.back() += fmt::format(" ({})", count_of(seen[i].second, "case"));
  }
  if (seen.size() > kMostImplementations) {
    parts.push_back(fmt::format("and {}", count_of(seen.size() - kMostImplementations, "more implementation")));
  }
  return join(parts, "; ");
}

// Accelerators that cannot hold the clock of short samples: a share of the ceiling above `sustained` cannot last.
std::vector<std::string> describe_sustained(const ResultFile& file) {
  std::map<std::string, std::vector<std::string>> shares;  // by device
  for (const auto& ceiling : file.ceilings) {
    const double share = ceiling.sustained.value_or(ceiling.value) / ceiling.value;
    if (share < kSustains) shares[ceiling.device].push_back(fmt::format("{} {:.0f}%", ceiling.dtype, 100 * share));
  }
  std::vector<std::string> lines;
  for (const auto& [device, list] : shares) {
    lines.push_back(
        fmt::format("clocks: under load for a second, {} sustains less than its ceiling of short samples: {}", device,
                    join(list, ", ")));
  }
  return lines;
}

// Cases whose samples contain page faults.
std::vector<std::string> describe_page_faults(const ResultFile& file) {
  std::size_t cases = 0;
  double most = 0;
  std::string worst;
  for (const auto& record : file.cases) {
    double faults = 0;
    for (const auto& round : record.rounds) {
      if (const auto found = round.details.find("page_faults"); found != round.details.end()) faults += found->second;
    }
    if (faults == 0) continue;
    ++cases;
    if (faults > most) worst = record.text, most = faults;
  }
  if (cases == 0) return {};
  return {fmt::format(
      "page faults inside the samples of {}: the operating system's time is part of theirs (most: {:.0f} in "
      "{})",
      count_of(cases, "case"), most, worst)};
}

}  // namespace

std::string describe_import(const ResultFile& file) {
  const auto& imported = *file.imported;
  return fmt::format("published by others: {}, {} ({}); not measured here, answers not checked by this program",
                     imported.source, imported.date, imported.format);
}

std::vector<std::string> describe_machine(const ResultFile& file, const std::string& name) {
  if (file.imported) {
    std::vector<std::string> devices;
    for (const auto& backend : file.backends) {
      if (backend.device && std::ranges::find(devices, backend.device->name) == devices.end()) {
        devices.push_back(backend.device->name);
      }
    }
    return {fmt::format("{}: {}, {}", name, join(devices, ", "), describe_import(file))};
  }
  const auto& environment = file.environment;
  std::string line = name + ": " + environment.cpu_model + ", ";
  line += environment.cpus_usable == environment.cpus_online
              ? count_of(environment.cpus_online, "CPU")
              : std::to_string(environment.cpus_usable) + " of " + count_of(environment.cpus_online, "CPU");
  if (!environment.virtualization.empty()) line += " (" + environment.virtualization + ")";
  std::vector<std::string> others;
  for (const auto& backend : file.backends) {
    if (!backend.on_accelerator()) continue;
    if (std::find(others.begin(), others.end(), backend.device->name) != others.end()) continue;
    others.push_back(backend.device->name);
    line += ", " + backend.device->name;
  }
  if (!environment.os.empty()) line += ", " + environment.os;
  std::size_t rounds = 0;
  for (const auto& record : file.cases) rounds = std::max(rounds, record.rounds.size());
  line += "; " + count_of(rounds, "round") + ", " + count_of(file.run.threads, "thread") + ", " + file.run.started;
  std::vector<std::string> lines{line};
  if (!file.complete) lines.push_back(name + ": this run did not finish; partial results follow");
  return lines;
}

std::vector<std::string> describe_backends(const ResultFile& file) {
  std::vector<std::string> lines;
  for (const auto& backend : file.backends) {
    if (backend.version.empty()) {
      lines.push_back(backend.name + ": did not load");
      if (!backend.reason.empty()) lines.back() += ", " + backend.reason;
      continue;
    }
    std::string line = backend.name + ": " + backend.version;
    if (backend.on_accelerator()) line += " on " + backend.device->name;
    if (backend.on_cpu_opencl()) line += ", " + backend.device->name;
    if (const auto ran = implementations_of(file, backend.name); !ran.empty()) line += "; ran " + ran;
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> describe_findings(const ResultFile& file) {
  std::vector<std::string> lines;
  for (const auto& finding : file.findings) {
    if (finding.serious) lines.push_back("unfair: " + finding.what + "; " + finding.remedy);
  }
  std::map<std::string, std::size_t> disturbances;
  for (const auto& record : file.cases) {
    for (const auto& round : record.rounds) {
      if (!round.disturbance.empty()) ++disturbances[round.disturbance];
    }
  }
  const auto faults = describe_page_faults(file);
  lines.insert(lines.end(), faults.begin(), faults.end());
  for (const auto& [what, times] : disturbances) {
    lines.push_back("disturbed: " + what + " (" + count_of(times, "measurement") + ")");
  }
  if (const auto disturbed = describe_disturbed_ceilings(file); !disturbed.empty()) lines.push_back(disturbed);
  const auto sustained = describe_sustained(file);
  lines.insert(lines.end(), sustained.begin(), sustained.end());
  const auto errors = contradictions(file);
  lines.insert(lines.end(), errors.begin(), errors.end());
  return lines;
}

std::vector<std::string> describe_files(const std::vector<ResultFile>& files, const std::vector<std::string>& names) {
  std::vector<std::string> lines;
  for (std::size_t f = 0; f < files.size(); ++f) {
    const auto machine = describe_machine(files[f], names[f]);
    lines.insert(lines.end(), machine.begin(), machine.end());
    for (const auto& line : describe_findings(files[f])) {
      lines.push_back(files.size() > 1 ? names[f] + " " + line : line);
    }
  }
  return lines;
}

}  // namespace whygpu
