#include "reports/regression/comparison/compare_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include "reports/regression/statistics/benjamini_hochberg.h"
#include "reports/regression/statistics/normal.h"
#include "reports/results/machine_fingerprint.h"

namespace whygpu {
namespace {

// Two rounds have a spread, but a single degree of freedom is too few.
constexpr std::size_t kFewestRounds = 3;

using CaseIndex = std::map<std::string, const CaseRecord*>;

CaseIndex index_of(const ResultFile& file) {
  CaseIndex index;
  for (const auto& c : file.cases) index.emplace(c.text, &c);
  return index;
}

std::vector<double> fastest_of_rounds(const CaseRecord& c) {
  std::vector<double> fastest;
  for (const auto& round : c.rounds)
    fastest.push_back(*std::min_element(round.samples_ns.begin(), round.samples_ns.end()));
  return fastest;
}

struct Sample {
  double mean = 0, variance_of_mean = 0, count = 0;
};

Sample log_sample(const std::vector<double>& values) {
  Sample sample{.count = static_cast<double>(values.size())};
  for (const double value : values) sample.mean += std::log(value) / sample.count;
  for (const double value : values) sample.variance_of_mean += std::pow(std::log(value) - sample.mean, 2);
  sample.variance_of_mean /= (sample.count - 1) * sample.count;
  return sample;
}

// How a single change among all cases is judged.
struct Rule {
  double limit = 0;  // log-ratio that matters
  double level = 0;  // two-sided; the smallest p of all must reach it
};

// The change that the test finds with 95%: noncentral t by the normal approximation of Johnson and Welch. The estimate
// must reach the limit too. Boost.Math's find_non_centrality() would be exact, by a search; the approximation is above
// it by 6% at two degrees of freedom, 2% at six, 1% at fifteen, so that the answer is on the safe side.
double visible_alone(const Rule& rule, double standard_error, double degrees) {
  constexpr double kPower = 0.95;
  const double z = normal_quantile(kPower), critical = student_quantile(1 - rule.level, degrees);
  const double passes = critical + z * std::sqrt(1 + critical * critical / (2 * degrees));
  return std::max(passes * standard_error, rule.limit + z * standard_error);
}

// Welch's unequal-variances t-test; fills change, interval, the two-sided p and what would have been visible.
void welch(const std::vector<double>& base_ns, const std::vector<double>& head_ns, const Rule& rule,
           Judgement& judgement) {
  const Sample base = log_sample(base_ns), head = log_sample(head_ns);
  const double variance = base.variance_of_mean + head.variance_of_mean;
  const double change = head.mean - base.mean;
  judgement.change = change;
  if (variance == 0) {
    judgement.interval = Interval{change, change};
    judgement.p = change == 0 ? 1 : 0;
    return;
  }
  const double degrees =
      variance * variance /
      (std::pow(base.variance_of_mean, 2) / (base.count - 1) + std::pow(head.variance_of_mean, 2) / (head.count - 1));
  const double reach = student_quantile(0.95, degrees) * std::sqrt(variance);
  judgement.interval = Interval{change - reach, change + reach};
  judgement.p = student_two_sided_p(change / std::sqrt(variance), degrees);
  judgement.visible = visible_alone(rule, std::sqrt(variance), degrees);
}

std::string trouble(const CaseRecord& c) {
  return fmt::format("{}{}{}", name_of(c.status), c.reason.empty() ? "" : ": ", c.reason);
}

// Everything except the final decision on slower, faster and same, which needs all cases.
CaseComparison compare_case(const std::string& text, const CaseRecord* base, const CaseRecord* head, const Rule& rule) {
  CaseComparison result;
  result.text = text;
  Judgement& judgement = result.judgement;
  const auto set_aside = [&](Ruling ruling, const std::string& reason) {
    judgement.ruling = ruling;
    judgement.reason = reason;
    return result;
  };
  if (base == nullptr || head == nullptr) {
    return set_aside(Ruling::missing, fmt::format("not in the {} file", base == nullptr ? "base" : "head"));
  }
  if (base->status != Status::ok) return set_aside(Ruling::missing, "base is " + trouble(*base));
  if (head->status == Status::incorrect) return set_aside(Ruling::incorrect, head->reason);
  if (head->status != Status::ok) return set_aside(Ruling::missing, "head is " + trouble(*head));

  const auto base_ns = fastest_of_rounds(*base), head_ns = fastest_of_rounds(*head);
  result.base_ns = median(base_ns);
  result.head_ns = median(head_ns);
  if (std::min(base_ns.size(), head_ns.size()) < kFewestRounds) {
    judgement.change = std::log(result.head_ns / result.base_ns);
    judgement.reason = fmt::format("{} and {} rounds: at least {} on each side are needed", base_ns.size(),
                                   head_ns.size(), kFewestRounds);
    return result;
  }
  welch(base_ns, head_ns, rule, judgement);
  return result;
}

void judge(std::vector<CaseComparison>& cases, const FileComparisonOptions& options) {
  std::vector<CaseComparison*> tested;
  std::vector<double> p;
  for (auto& c : cases) {
    if (!c.judgement.p) continue;
    tested.push_back(&c);
    p.push_back(*c.judgement.p);
  }
  const auto rates = false_discovery_rates(p);
  const double limit = std::log1p(options.threshold);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    Judgement& judgement = tested[i]->judgement;
    const Interval interval = *judgement.interval;
    if (rates[i] <= options.false_discoveries && std::fabs(*judgement.change) >= limit) {
      judgement.ruling = *judgement.change > 0 ? Ruling::slower : Ruling::faster;
    } else if (interval.low > -limit && interval.high < limit) {
      judgement.ruling = Ruling::same;
    }
    if (judgement.ruling != Ruling::undecided) judgement.visible.reset();
  }
}

void refuse_unlike(const ResultFile& base, const ResultFile& head) {
  const std::string base_machine = machine_fingerprint(base.environment, accelerators_of(base));
  const std::string head_machine = machine_fingerprint(head.environment, accelerators_of(head));
  if (base_machine != head_machine) {
    throw std::runtime_error(
        fmt::format("measured on different machines ({} against {}): times are not comparable; "
                    "--across-machines compares anyway",
                    base_machine, head_machine));
  }
  if (base.run.threads != head.run.threads) {
    throw std::runtime_error(fmt::format("measured with {} against {} threads; --across-machines compares anyway",
                                         base.run.threads, head.run.threads));
  }
}

}  // namespace

namespace {

// Load averages of one minute for each CPU, when the runs began, that differ by more than this are said first.
constexpr double kLoadDifference = 0.25;

std::string load_difference(const EnvironmentRecord& base, const EnvironmentRecord& head) {
  const auto per_cpu = [](const EnvironmentRecord& one) { return one.load.front() / std::max(one.cpus_online, 1); };
  if (base.load.empty() || head.load.empty()) return {};
  if (std::abs(per_cpu(base) - per_cpu(head)) <= kLoadDifference) return {};
  return fmt::format("load of other programs when the runs began: {:.2f} -> {:.2f}; a busy machine is slower",
                     base.load.front(), head.load.front());
}

}  // namespace

std::vector<std::string> environment_differences(const ResultFile& base, const ResultFile& head) {
  std::vector<std::string> differences;
  const auto compare = [&](const std::string& what, const std::string& before, const std::string& after) {
    if (before == after) return;
    const auto shown = [](const std::string& value) { return value.empty() ? std::string("(none)") : value; };
    differences.push_back(fmt::format("{}: {} -> {}", what, shown(before), shown(after)));
  };
  const auto compare_all = [&](const std::string& what, const TextFacts& before, const TextFacts& after) {
    std::set<std::string> keys;
    for (const auto* facts : {&before, &after}) {
      for (const auto& [key, value] : *facts) keys.insert(key);
    }
    const auto value_of = [](const TextFacts& facts, const std::string& key) {
      const auto found = facts.find(key);
      return found == facts.end() ? std::string() : found->second;
    };
    for (const auto& key : keys) compare(what + key, value_of(before, key), value_of(after, key));
  };
  const EnvironmentRecord &a = base.environment, &b = head.environment;
  if (const auto loads = load_difference(a, b); !loads.empty()) differences.push_back(loads);
  compare("host", a.host, b.host);
  compare("CPU", a.cpu_model, b.cpu_model);
  compare("CPUs usable", std::to_string(a.cpus_usable), std::to_string(b.cpus_usable));
  compare("microcode", a.microcode, b.microcode);
  compare("governor", a.governor, b.governor);
  compare("hypervisor", a.virtualization, b.virtualization);
  compare("kernel", a.kernel, b.kernel);
  compare("system", a.os, b.os);
  compare("threads", std::to_string(base.run.threads), std::to_string(head.run.threads));
  compare("sample seconds", fmt::format("{:g}", base.run.sample_seconds), fmt::format("{:g}", head.run.sample_seconds));
  compare("whygpu", base.version, head.version);
  compare_all("variable ", a.variables, b.variables);
  compare_all("build ", a.build, b.build);
  for (const auto& backend : base.backends) {
    if (const auto* other = head.backend(backend.name))
      compare("backend " + backend.name, backend.version, other->version);
  }
  return differences;
}

Comparison compare_files(const ResultFile& base, const ResultFile& head, const FileComparisonOptions& options) {
  for (const auto* file : {&base, &head}) refuse_imported(*file, "compare");
  if (!options.across_machines) refuse_unlike(base, head);
  Comparison comparison;
  comparison.base.name = base.name;
  comparison.head.name = head.name;
  comparison.started = base.run.started;
  comparison.finished = head.run.finished;
  comparison.machine = machine_fingerprint(head.environment, accelerators_of(head));
  for (const auto& backend : head.backends) {
    if (backend.on_accelerator())
      comparison.devices.push_back({backend.name, backend.device->kind.text(), backend.device->name});
  }
  comparison.threads = head.run.threads;
  comparison.threshold = options.threshold;
  comparison.strict = options.strict;
  comparison.notes = environment_differences(base, head);
  comparison.notes.emplace_back(
      "measured at different times: changes of the machine count as changes of the code; `whygpu gate` measures pairs");

  const CaseIndex in_base = index_of(base), in_head = index_of(head);
  const auto in_base_too = [&](const CaseRecord& c) {
    const auto found = in_base.find(c.text);
    return found == in_base.end() ? nullptr : found->second;
  };
  const auto unsupported_on_both = [&](const CaseRecord& c) {
    const CaseRecord* old = in_base_too(c);
    return old != nullptr && old->status == Status::unsupported && c.status == Status::unsupported;
  };
  const auto shared = static_cast<double>(std::ranges::count_if(
      head.cases, [&](const CaseRecord& c) { return in_base_too(c) != nullptr && !unsupported_on_both(c); }));
  if (shared == 0) throw std::runtime_error("the two files share no comparable case");
  const Rule rule{std::log1p(options.threshold), options.false_discoveries / shared};
  for (const auto& c : head.cases) {
    if (unsupported_on_both(c)) continue;
    const CaseRecord* old = in_base_too(c);
    comparison.cases.push_back(compare_case(c.text, old, &c, rule));
  }
  for (const auto& c : base.cases) {
    if (!in_head.contains(c.text)) comparison.cases.push_back(compare_case(c.text, &c, nullptr, rule));
  }
  judge(comparison.cases, options);
  return comparison;
}

}  // namespace whygpu
