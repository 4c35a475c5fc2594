#include "reports/views/families.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <unordered_map>

#include "reports/render/text.h"

namespace whygpu {
namespace {

constexpr std::size_t kFewestInFamily = 3;
// Up to this many varying keys, all combinations are tried; beyond it only single keys, pairs and all keys
// together.
constexpr std::size_t kMostKeysForAllSubsets = 4;

bool names_the_solver(const std::string& key) {
  return key == "backend" || key == "variant" || key == "offload" || key == "reuse";
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Problem {
  const CaseRecord* record;
  std::string key;
  std::map<std::string, std::int64_t> sizes;
};

using Keys = std::vector<std::string>;

// The parameters that are neither sizes nor backend nor dtype: "transpose_b=yes mode=cold".
std::string settings_of(const CaseRecord& record) {
  std::vector<std::string> words;
  for (std::size_t space = record.problem.find(' '); space != std::string::npos;) {
    const auto next = record.problem.find(' ', space + 1);
    const auto word = record.problem.substr(space + 1, next - space - 1);
    const auto equals = word.find('=');
    const auto key = word.substr(0, equals);
    if (equals != std::string::npos && key != "dtype" && !names_the_solver(key) &&
        !whole_number(word.substr(equals + 1))) {
      words.push_back(word);
    }
    space = next;
  }
  return join(words, " ");
}

// One group: same workload, dtype and settings.
class Group {
 public:
  void add(const CaseRecord& record) {
    const auto key = problem_key(record);
    const auto [known, added] = index_.try_emplace(key, problems_.size());
    if (!added) {
      auto& same = problems_[known->second];
      if (same.record->set_bytes <= 0) same.record = &record;  // a case that did not run has no footprint
      return;
    }
    Problem problem{&record, key, {}};
    for (const auto& [name, value] : record.values) {
      if (names_the_solver(name)) continue;
      if (const auto number = whole_number(value)) problem.sizes[name] = *number;
    }
    problems_.push_back(std::move(problem));
  }

  void append_families(const Family& like, std::vector<Family>& families) {
    find_varying();
    struct Bucket {
      Keys keys;
      std::vector<std::size_t> members;
    };
    std::vector<Bucket> buckets;
    for (const auto& keys : subsets()) {
      std::unordered_map<std::string, std::vector<std::size_t>> by_rest;
      for (std::size_t p = 0; p < problems_.size(); ++p) by_rest[rest_of(problems_[p], keys)].push_back(p);
      std::erase_if(by_rest, [](const auto& entry) { return entry.second.size() < kFewestInFamily; });
      const std::map ordered(std::move_iterator(by_rest.begin()), std::move_iterator(by_rest.end()));
      for (const auto& [rest, members] : ordered) buckets.push_back({keys, members});
    }
    std::stable_sort(buckets.begin(), buckets.end(), [](const Bucket& a, const Bucket& b) {
      return std::pair(a.members.size(), a.keys.size()) > std::pair(b.members.size(), b.keys.size());
    });
    std::vector<bool> taken(problems_.size());
    for (auto& bucket : buckets) {
      std::erase_if(bucket.members, [&](std::size_t p) { return taken[p]; });
      if (bucket.members.size() < kFewestInFamily) continue;
      for (auto p : bucket.members) taken[p] = true;
      families.push_back(by_size(like, bucket.keys, bucket.members));
    }
    std::vector<std::size_t> rest;
    for (std::size_t p = 0; p < problems_.size(); ++p) {
      if (!taken[p]) rest.push_back(p);
    }
    if (!rest.empty()) families.push_back(by_work(like, rest));
  }

 private:
  void find_varying() {
    std::map<std::string, std::set<std::int64_t>> values;
    for (const auto& problem : problems_) {
      for (const auto& [name, value] : problem.sizes) values[name].insert(value);
    }
    // In case line order; a key at its default in the first line comes last.
    const auto position = [&](const std::string& key) {
      return problems_.front().record->problem.find(" " + key + "=");
    };
    for (const auto& [name, seen] : values) {
      if (seen.size() > 1) varying_.push_back(name);
    }
    std::stable_sort(varying_.begin(), varying_.end(),
                     [&](const auto& a, const auto& b) { return position(a) < position(b); });
  }

  std::vector<Keys> subsets() const {
    std::vector<Keys> result;
    const std::size_t n = varying_.size();
    if (n <= kMostKeysForAllSubsets) {
      for (std::size_t mask = 1; mask < (std::size_t{1} << n); ++mask) {
        auto& keys = result.emplace_back();
        for (std::size_t i = 0; i < n; ++i) {
          if ((mask >> i) & 1) keys.push_back(varying_[i]);
        }
      }
      return result;
    }
    for (std::size_t i = 0; i < n; ++i) {
      result.push_back({varying_[i]});
      for (std::size_t j = i + 1; j < n; ++j) result.push_back({varying_[i], varying_[j]});
    }
    result.push_back(varying_);
    return result;
  }

  static std::int64_t size_of(const Problem& problem, const std::string& key) {
    const auto found = problem.sizes.find(key);
    return found == problem.sizes.end() ? 0 : found->second;
  }

  // The smallest integers in the proportion of `keys`.
  static std::vector<std::int64_t> proportion(const Problem& problem, const Keys& keys) {
    std::vector<std::int64_t> parts;
    std::int64_t divisor = 0;
    for (const auto& key : keys) {
      parts.push_back(size_of(problem, key));
      divisor = std::gcd(divisor, parts.back());
    }
    for (auto& part : parts) part /= std::max<std::int64_t>(divisor, 1);
    return parts;
  }

  // What two problems must share to differ only in the sizes of `keys`.
  std::string rest_of(const Problem& problem, const Keys& keys) const {
    std::string rest;
    for (const auto part : proportion(problem, keys)) rest += std::to_string(part) + ':';
    for (const auto& key : varying_) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) rest += ' ' + std::to_string(size_of(problem, key));
    }
    return rest;
  }

  Family by_size(Family family, const Keys& keys, const std::vector<std::size_t>& members) const {
    const auto& first = problems_[members.front()];
    std::vector<std::string> parts;
    const auto proportions = proportion(first, keys);
    for (auto part : proportions) parts.push_back(std::to_string(part));
    const bool equal = std::set(proportions.begin(), proportions.end()).size() == 1;
    family.size_name = equal ? join(keys, "=") : join(keys, ":") + "=" + join(parts, ":");
    std::vector<std::string> fixed;
    for (const auto& key : varying_) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        fixed.push_back(key + "=" + std::to_string(size_of(first, key)));
      }
    }
    family.fixed = join(fixed, " ");
    for (auto p : members) add_sized(family, problems_[p], static_cast<double>(size_of(problems_[p], keys.front())));
    return family;
  }

  Family by_work(Family family, const std::vector<std::size_t>& members) const {
    const bool flops = family.workload != kMemory && std::any_of(members.begin(), members.end(), [&](std::size_t p) {
                         return problems_[p].record->flops > 0;
                       });
    // Repeated passes over a small vector move as many bytes as one pass over a large one: the footprint tells them
    // apart.
    const bool stored =
        !flops && std::ranges::any_of(members, [&](std::size_t p) { return problems_[p].record->set_bytes > 0; });
    family.size_name = flops ? "FLOP" : stored ? "footprint" : "bytes";
    family.by_work = true;
    for (auto p : members) {
      const auto& record = *problems_[p].record;
      add_sized(family, problems_[p], flops ? record.flops : record.set_bytes > 0 ? record.set_bytes : record.bytes);
    }
    return family;
  }

  static void add_sized(Family& family, const Problem& problem, double size) {
    const SizedProblem sized{size, problem.key, problem.record->problem};
    const auto larger = std::upper_bound(family.problems.begin(), family.problems.end(), size,
                                         [](double s, const SizedProblem& other) { return s < other.size; });
    family.problems.insert(larger, sized);
  }

  std::vector<Problem> problems_;
  std::unordered_map<std::string, std::size_t> index_;  // of problems_, by key
  Keys varying_;
};

}  // namespace

std::string problem_key(const CaseRecord& record) {
  std::string key = record.workload;
  for (const auto& [name, value] : record.values) {
    if (!names_the_solver(name)) key += ' ' + name + '=' + value;
  }
  return key;
}

std::vector<Family> families_of(const ResultFile& file) {
  std::vector<std::pair<Family, Group>> groups;
  for (const auto& record : file.cases) {
    const auto dtype = record.value("dtype");
    const auto settings = settings_of(record);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) {
      return g.first.workload == record.workload && g.first.dtype == dtype && g.first.settings == settings;
    });
    if (group == groups.end()) {
      group = groups.insert(groups.end(), {Family{record.workload, dtype, settings, "", "", {}, false}, Group()});
    }
    group->second.add(record);
  }
  std::vector<Family> families;
  for (auto& [like, group] : groups) group.append_families(like, families);
  return families;
}

}  // namespace whygpu
