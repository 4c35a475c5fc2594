#include "reports/results/problems.h"

#include <algorithm>
#include <set>

#include "reports/render/text.h"

namespace whygpu {
namespace {

void add_new(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

// The keys of "gemm m=1 n=2", in order.
std::vector<std::string> keys_of(const std::string& problem) {
  std::vector<std::string> keys;
  for (std::size_t space = problem.find(' '); space != std::string::npos; space = problem.find(' ', space + 1)) {
    const auto equals = problem.find('=', space);
    if (equals == std::string::npos) break;
    keys.push_back(problem.substr(space + 1, equals - space - 1));
  }
  return keys;
}

std::string without_offload(const std::string& problem) {
  std::string result;
  for (std::size_t begin = 0; begin < problem.size();) {
    const auto end = std::min(problem.find(' ', begin), problem.size());
    const auto word = std::string_view(problem).substr(begin, end - begin);
    begin = end + 1;
    if (word.starts_with("offload=") || word.starts_with("reuse=")) continue;
    if (!result.empty()) result += ' ';
    result += word;
  }
  return result;
}

std::string value_in(const TextFacts& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? std::string() : found->second;
}

}  // namespace

std::vector<std::string> file_names(const std::vector<ResultFile>& files) {
  const auto count = [&](auto&& same) { return std::count_if(files.begin(), files.end(), same); };
  std::vector<std::string> names;
  for (const auto& file : files) {
    const auto& host = file.environment.host;
    auto name = file.name;
    const auto namesakes = count([&](const ResultFile& f) { return f.name == file.name; });
    const auto twins = count([&](const ResultFile& f) { return f.name == file.name && f.environment.host == host; });
    if (namesakes > twins) name += "@" + host;
    const auto base = name;
    for (int number = 2; std::find(names.begin(), names.end(), name) != names.end(); ++number) {
      name = base + "#" + std::to_string(number);
    }
    names.push_back(name);
  }
  return names;
}

std::string problem_alone(const CaseRecord& record) {
  return record.problem.size() > record.workload.size() ? record.problem.substr(record.workload.size() + 1)
                                                        : record.problem;
}

DataPath data_path_of(const CaseRecord& record) {
  DataPath path{record.value("offload"), record.offload()};
  if (path.offload == Offload::once) path.text += " reuse=" + record.value("reuse");
  return path;
}

std::string contender_name(const ResultFile& file, const CaseRecord& record) {
  auto name = record.backend;
  if (!record.variant().empty()) name.append(1, ':').append(record.variant());
  const auto* backend = file.backend(record.backend);
  const auto path = data_path_of(record).text;
  if (backend && backend->queues_work() && !path.empty()) name.append(1, ' ').append(path);
  return name;
}

std::vector<std::string> workloads_of(const std::vector<ResultFile>& files) {
  std::vector<std::string> workloads;
  for (const auto& file : files) {
    for (const auto& record : file.cases) add_new(workloads, record.workload);
  }
  return workloads;
}

Grid::Grid(const std::vector<ResultFile>& files, const std::string& workload) : Grid(files, workload, nullptr) {}

std::vector<Grid> Grid::split_by_files(const std::vector<ResultFile>& files, const std::string& workload) {
  std::vector<std::string> order;
  std::map<std::string, std::set<std::size_t>> files_with;
  for (std::size_t f = 0; f < files.size(); ++f) {
    for (const auto& record : files[f].cases) {
      if (record.workload != workload) continue;
      const auto problem = without_offload(record.problem);
      auto& with = files_with[problem];
      if (with.empty()) order.push_back(problem);
      with.insert(f);
    }
  }
  std::vector<std::pair<std::set<std::size_t>, std::set<std::string>>> parts;
  for (const auto& problem : order) {
    const auto& with = files_with[problem];
    auto part = std::ranges::find(parts, with, [](const auto& one) { return one.first; });
    if (part == parts.end()) part = parts.insert(part, {with, {}});
    part->second.insert(problem);
  }
  std::vector<Grid> grids;
  for (const auto& [with, problems] : parts) grids.push_back(Grid(files, workload, &problems));
  return grids;
}

std::set<std::size_t> Grid::files() const {
  std::set<std::size_t> found;
  for (const auto& contender : contenders_) found.insert(contender.file);
  return found;
}

Grid::Grid(const std::vector<ResultFile>& files, const std::string& workload, const std::set<std::string>* only)
    : workload_(workload) {
  std::map<std::string, std::size_t> row_of;
  for (std::size_t f = 0; f < files.size(); ++f) {
    for (const auto& record : files[f].cases) {
      if (record.workload != workload) continue;
      const auto problem = without_offload(record.problem);
      if (only != nullptr && !only->contains(problem)) continue;
      const auto [row, is_new] = row_of.try_emplace(problem, problems_.size());
      if (is_new) {
        problems_.push_back(problem);
        values_.push_back(&record.values);
        for (const auto& key : keys_of(problem)) add_new(keys_, key);
      }
      const Contender contender{f, contender_name(files[f], record)};
      auto column = std::find(contenders_.begin(), contenders_.end(), contender);
      if (column == contenders_.end()) column = contenders_.insert(contenders_.end(), contender);
      cells_.emplace(std::pair{row->second, static_cast<std::size_t>(column - contenders_.begin())}, &record);
    }
  }
  find_varying();
}

const CaseRecord* Grid::at(std::size_t problem, std::size_t contender) const {
  const auto found = cells_.find({problem, contender});
  return found == cells_.end() ? nullptr : found->second;
}

void Grid::find_varying() {
  std::map<std::vector<std::string>, std::size_t> known;  // all values of a key -> its parameter
  for (const auto& key : keys_) {
    std::vector<std::string> values;
    for (const auto* facts : values_) values.push_back(value_in(*facts, key));
    if (std::set<std::string>(values.begin(), values.end()).size() == 1 && problems_.size() > 1) {
      shared_.push_back(key + "=" + values.front());
      continue;
    }
    const auto [parameter, is_new] = known.try_emplace(values, varying_.size());
    if (is_new) {
      varying_.push_back(key);
      varying_key_.push_back(key);
    } else {
      varying_[parameter->second] += "=" + key;
    }
  }
}

std::string Grid::shared_values() const { return join(shared_, " "); }

std::string Grid::value(std::size_t problem, std::size_t varying_index) const {
  return value_in(*values_[problem], varying_key_[varying_index]);
}

bool Grid::is_numeric(std::size_t varying_index) const {
  for (std::size_t p = 0; p < problems_.size(); ++p) {
    const auto text = value(p, varying_index);
    if (text.find_first_not_of("0123456789") != std::string::npos) return false;
  }
  return true;
}

std::vector<std::string> parameters_of(const std::vector<ResultFile>& files) {
  std::set<std::string> names;
  for (const auto& file : files) {
    for (const auto& record : file.cases) {
      for (const auto& [name, value] : record.values) names.insert(name);
    }
  }
  names.erase("backend");
  names.erase("variant");
  return {names.begin(), names.end()};
}

}  // namespace whygpu
