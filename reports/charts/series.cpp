#include "reports/charts/series.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"
#include "reports/results/problems.h"

namespace whygpu {

ChartFiles::ChartFiles(const std::vector<ResultFile>& files) {
  const auto names = file_names(files);
  for (std::size_t f = 0; f < files.size(); ++f) {
    entries_.push_back({files[f], names[f]});
    for (const auto& workload : workloads_of({files[f]})) ++with_workload_[workload];
  }
}

std::string ChartFiles::prefix(const Entry& entry, const std::string& workload) const {
  const auto found = with_workload_.find(workload);
  return found != with_workload_.end() && found->second > 1 ? entry.name + " " : std::string();
}

std::size_t SeriesNumbers::number(const std::string& name) {
  constexpr std::size_t kColours = 8;
  if (const auto known = numbers_.find(name); known != numbers_.end()) return known->second;
  auto backend = name;
  for (const auto& entry : files_.entries()) {
    if (name.starts_with(entry.name + " ")) backend = name.substr(entry.name.size() + 1);
  }
  auto found = std::ranges::find(backends_, backend);
  if (found == backends_.end()) found = backends_.insert(found, backend);
  auto number = static_cast<std::size_t>(found - backends_.begin()) % kColours;
  const auto taken = [&] {
    return std::ranges::any_of(numbers_, [&](const auto& one) { return one.second == number; });
  };
  while (taken()) number += kColours;
  numbers_[name] = number;
  return number;
}

std::size_t ChartSeries::index(const std::string& name) {
  const auto number = numbers_.number(name);
  used_[number] = name;
  return number;
}

nlohmann::ordered_json ChartSeries::legend() const {
  auto legend = nlohmann::ordered_json::array();
  for (const auto& [number, name] : used_) legend.push_back({number, name});
  return legend;
}

std::string series_name(const ChartFiles& files, const ChartFiles::Entry& entry, const CaseRecord& record) {
  return files.prefix(entry, record.workload) + contender_name(entry.file, record) +
         (entry.file.imported ? " (published)" : "");
}

void Ceilings::add_device(const ChartFiles::Entry& entry, const CaseRecord& record) {
  const auto* used = entry.file.device_of(record);
  if (used == nullptr) return;
  const bool known = std::ranges::any_of(
      devices_, [&](const Device& device) { return device.entry == &entry && device.name == used->name; });
  if (!known) devices_.push_back({&entry, used->name});
}

nlohmann::ordered_json Ceilings::rule(const Device& device, const CeilingRecord& ceiling) const {
  const auto several = [&](const auto& same) { return !std::ranges::all_of(devices_, same); };
  std::string label = ceiling_label(ceiling);
  if (several([&](const Device& other) { return other.name == device.name; })) label = device.name + " " + label;
  if (several([&](const Device& other) { return other.entry == device.entry; }))
    label = device.entry->name + " " + label;
  return {{"y", rounded(giga(ceiling))}, {"level", ceiling.level}, {"label", label}};
}

double rounded(double value) { return std::stod(fmt::format("{:.5g}", value)); }

std::string label_of(const Family& family) {
  std::vector<std::string> parts{family.workload};
  for (const auto* part : {&family.dtype, &family.settings, &family.size_name, &family.fixed}) {
    if (!part->empty()) parts.push_back(*part);
  }
  return join(parts, " · ");
}

nlohmann::ordered_json point(std::size_t series, double x, const Estimate& y, bool settled, const std::string& tip,
                             const std::string& at) {
  return {{"s", series},
          {"x", x},
          {"y", rounded(y.value)},
          {"lo", rounded(y.low())},
          {"hi", rounded(y.high())},
          {"settled", settled},
          {"tip", tip},
          {"at", at}};
}

std::string tip_of(const std::string& series, const Estimate& value, const std::string& unit,
                   const CaseRecord& record) {
  std::string tip = fmt::format("{}: {} {} {}", series, format_number(value.value), unit, format_spread(value));
  if (!record.settled) tip += " (not settled)";
  tip += '\n' + record.text;
  if (!record.implementation.empty()) tip += '\n' + record.implementation;
  return tip;
}

double giga(const CeilingRecord& ceiling) {
  return ceiling.unit.starts_with("G") ? ceiling.value : ceiling.value / 1e9;
}

std::string ceiling_label(const CeilingRecord& ceiling) {
  auto label = ceiling.kind == CeilingKind::flops ? ceiling.dtype + " peak" : ceiling.level;
  // `how` names the threads: "vfmadd231ps zmm, 24 chains in registers, 2 threads".
  const auto word = ceiling.how.find(" thread");
  if (word == std::string::npos) return label;
  const auto before = ceiling.how.find_last_not_of("0123456789", word - 1);
  const auto number = ceiling.how.substr(before + 1, word - before - 1);
  if (!number.empty()) label += fmt::format(", {} {}", number, number == "1" ? "thread" : "threads");
  return label;
}

}  // namespace whygpu
