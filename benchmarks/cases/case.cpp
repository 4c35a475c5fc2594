#include "benchmarks/cases/case.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "benchmarks/cases/nearest.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

constexpr std::string_view kReuse = "10";  // default
constexpr std::int64_t kLargestNumber = std::int64_t{1} << 40;

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<Parameter> parameters_of(const Workload& workload) {
  std::vector<Parameter> parameters(workload.parameters().begin(), workload.parameters().end());
  parameters.insert(parameters.end(), common_parameters().begin(), common_parameters().end());
  return parameters;
}

std::vector<std::string> names(std::span<const Parameter> parameters) {
  std::vector<std::string> result;
  for (const auto& parameter : parameters) result.push_back(parameter.name);
  return result;
}

std::int64_t checked_number(const Parameter& parameter, std::string_view text) {
  const auto value = to_number(text);
  if (!value) {
    throw CaseError(fmt::format(
        "{}={}: not a whole number; accepted: a number, a list a,b, a range a..b*f or a..b+s, or another key's name",
        parameter.name, text));
  }
  if (*value < parameter.minimum || *value > kLargestNumber) {
    throw CaseError(fmt::format("{}={}: accepted: whole numbers from {} to {}", parameter.name, *value,
                                parameter.minimum, kLargestNumber));
  }
  return *value;
}

// `256..8192*2` or `64..512+64`.
std::vector<std::string> expand_range(const Parameter& parameter, std::string_view text) {
  const auto dots = text.find("..");
  const auto sign = text.find_first_of("*+", dots);
  if (sign == std::string_view::npos) {
    throw CaseError(
        fmt::format("{}={}: a range needs a factor or step: {}*2 or {}+64", parameter.name, text, text, text));
  }
  const auto first = checked_number(parameter, text.substr(0, dots));
  const auto last = checked_number(parameter, text.substr(dots + 2, sign - dots - 2));
  const auto step = to_number(text.substr(sign + 1)).value_or(0);
  const bool multiply = text[sign] == '*';
  if (first > last || step < (multiply ? 2 : 1) || (multiply && first == 0)) {
    throw CaseError(
        fmt::format("{}={}: a range ascends by a factor of at least 2 or a "
                    "step of at least 1",
                    parameter.name, text));
  }
  std::vector<std::string> values;
  for (auto value = first;; value = multiply ? value * step : value + step) {
    values.push_back(std::to_string(value));
    if (multiply ? value > last / step : value > last - step) break;
    if (values.size() > kMostCases) {
      throw CaseError(fmt::format("{}={}: over {} values", parameter.name, text, kMostCases));
    }
  }
  return values;
}

std::vector<std::string> expand_value(const Parameter& parameter, std::string_view text,
                                      std::span<const Parameter> all) {
  std::vector<std::string> values;
  for (const auto part : split(text, ",")) {
    if (!parameter.choices.empty()) {
      if (std::find(parameter.choices.begin(), parameter.choices.end(), part) == parameter.choices.end()) {
        throw CaseError(fmt::format("{}={}: {}", parameter.name, part, suggest(part, parameter.choices)));
      }
      values.emplace_back(part);
    } else if (parameter.word) {
      values.emplace_back(part);
    } else if (part.find("..") != std::string_view::npos) {
      const auto range = expand_range(parameter, part);
      values.insert(values.end(), range.begin(), range.end());
    } else if (std::any_of(all.begin(), all.end(),
                           [&](const auto& p) { return p.name == part && !p.word && p.choices.empty(); })) {
      values.emplace_back(part);  // another key's name, resolved once the values are fixed
    } else {
      values.push_back(std::to_string(checked_number(parameter, part)));
    }
    if (values.size() > kMostCases) {
      throw CaseError(fmt::format("{}: more than {} values", parameter.name, kMostCases));
    }
  }
  if (values.empty()) throw CaseError(fmt::format("{}=: no value", parameter.name));
  return values;
}

using Values = std::vector<std::pair<std::string, std::string>>;

// Resolves references such as n=m and k=n to numbers.
void resolve_references(Values& values, std::span<const Parameter> parameters) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (parameters[i].word || !parameters[i].choices.empty()) continue;
    for (std::size_t hops = 0; !to_number(values[i].second); ++hops) {
      const auto target = std::find_if(values.begin(), values.end(),
                                       [&](const auto& value) { return value.first == values[i].second; });
      if (hops == values.size()) {
        throw CaseError(fmt::format("{}={}: the keys refer to each other", values[i].first, target->first));
      }
      values[i].second = target->second;
    }
    checked_number(parameters[i], values[i].second);
  }
}

void check_offload(const Case& c) {
  if (c["reuse"] != kReuse && c["offload"] != "once") {
    throw CaseError(
        fmt::format("reuse={} requires offload=once: it is the number of operations per upload", c["reuse"]));
  }
  if (c["offload"] != "kernel" && c["mode"] == "cold") {
    throw CaseError(fmt::format("offload={} requires mode=hot: its operands come from host memory", c["offload"]));
  }
}

std::string text_of(const Case& c, std::span<const std::string_view> leave_out) {
  std::string text = c.workload;
  const auto parameters = parameters_of(find_workload(c.workload));
  for (std::size_t i = 0; i < c.values.size(); ++i) {
    const auto& [key, value] = c.values[i];
    const bool number = parameters[i].choices.empty() && !parameters[i].word;  // may copy another key
    const auto other = std::find_if(c.values.begin(), c.values.end(),
                                    [&](const auto& v) { return number && v.first == parameters[i].fallback; });
    if (value == (other != c.values.end() ? other->second : parameters[i].fallback)) continue;
    if (std::find(leave_out.begin(), leave_out.end(), key) != leave_out.end()) continue;
    text += fmt::format(" {}={}", key, value);
  }
  return text;
}

}  // namespace

std::span<const Parameter> common_parameters() {
  static const std::vector<Parameter> parameters = {
      {"mode", "hot", {"hot", "cold"}, 0, "operands in cache from the previous run, or evicted and rotated"},
      {"regime",
       "burst",
       {"burst", "sustained"},
       0,
       "samples after a short warm-up, or under load until clocks and temperatures have settled"},
      {"offload",
       "kernel",
       {"kernel", "once", "always"},
       0,
       "operands on the device, or upload and download around `reuse` operations or around each one"},
      {"reuse", std::string(kReuse), {}, 1, "operations per upload, with offload=once"},
      {"variant", "", {}, 0, "one of a backend's implementations", true},
      {"backend", "", {}, 0, "backend that runs the case", true},
  };
  return parameters;
}

std::string_view Case::operator[](std::string_view key) const {
  for (const auto& [name, value] : values) {
    if (name == key) return value;
  }
  throw std::out_of_range(fmt::format("{} has no key {}", workload, key));
}

std::int64_t Case::number(std::string_view key) const { return to_number((*this)[key]).value(); }

int Case::ranks() const {
  for (const auto& [name, value] : values) {
    if (name == kRanksKey) return static_cast<int>(to_number(value).value());
  }
  return 1;
}

std::string Case::text() const { return text_of(*this, {}); }

std::string Case::problem() const {
  constexpr std::string_view who[] = {"variant", "backend"};
  return text_of(*this, who);
}

Case Case::with(std::string_view key, std::string_view value) const {
  Case copy = *this;
  for (auto& [name, old] : copy.values) {
    if (name == key) old = value;
  }
  return copy;
}

std::vector<Case> parse_cases(std::string_view line) {
  const auto words = split(line.substr(0, line.find('#')), " \t\r");
  if (words.empty()) return {};
  const Workload& workload = find_workload(words[0]);
  const auto parameters = parameters_of(workload);

  std::map<std::string_view, std::string_view> given;
  for (const auto word : std::span(words).subspan(1)) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) throw CaseError(fmt::format("\"{}\": expected key=value", word));
    const auto key = word.substr(0, equals);
    if (std::none_of(parameters.begin(), parameters.end(), [&](const auto& p) { return p.name == key; })) {
      throw CaseError(fmt::format("{} has no key \"{}\"; {}", workload.name(), key, suggest(key, names(parameters))));
    }
    if (!given.emplace(key, word.substr(equals + 1)).second) throw CaseError(fmt::format("{} is given twice", key));
  }

  std::vector<std::string> missing;
  for (const auto& parameter : parameters) {
    if (!given.contains(parameter.name) && parameter.fallback.empty() && !parameter.word)
      missing.push_back(parameter.name + "=…");
  }
  if (!missing.empty()) throw CaseError(fmt::format("{} needs {}", workload.name(), fmt::join(missing, " ")));

  std::vector<std::vector<std::string>> values;  // by parameter
  double count = 1;
  for (const auto& parameter : parameters) {
    const auto found = given.find(parameter.name);
    if (found != given.end()) {
      values.push_back(expand_value(parameter, found->second, parameters));
    } else {
      const bool copied = parameter.fallback.starts_with('=');
      values.push_back({copied ? parameter.fallback.substr(1) : parameter.fallback});
    }
    count *= static_cast<double>(values.back().size());
  }
  if (count > kMostCases) {
    throw CaseError(fmt::format("the lists of {} multiply to {:.0f} cases; accepted: at most {}", workload.name(),
                                count, kMostCases));
  }

  std::vector<Case> cases(static_cast<std::size_t>(count), {std::string(workload.name()), {}});
  for (std::size_t number = 0; number < cases.size(); ++number) {
    Case& c = cases[number];
    c.values.resize(parameters.size());
    for (std::size_t i = parameters.size(), rest = number; i-- > 0; rest /= values[i].size()) {
      c.values[i] = {parameters[i].name, values[i][rest % values[i].size()]};  // the last parameter varies fastest
    }
    resolve_references(c.values, parameters);
    check_offload(c);
    workload.validate(c);
  }
  return cases;
}

Case parse_case(std::string_view line) {
  auto cases = parse_cases(line);
  if (cases.size() != 1) {
    throw CaseError(fmt::format("\"{}\" expands to {} cases; accepted: exactly one", line, cases.size()));
  }
  return cases.front();
}

}  // namespace whygpu
