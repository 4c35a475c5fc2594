#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "reports/projection/scaling.h"
#include "reports/render/text.h"
#include "reports/results/measures.h"
#include "reports/results/problems.h"
#include "reports/views/provenance.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

constexpr const char* kRanks = "ranks";
constexpr const char* kBusFactor = "bus_bandwidth_factor";
constexpr std::array kProjectedRanks = {8, 16, 32, 64, 128, 256, 512, 1024};

// Files are untrusted: 0 where it is no number of ranks.
int ranks_of(const CaseRecord& record) {
  const std::string text = record.value(kRanks);
  int ranks = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ranks);
  return error == std::errc() && end == text.data() + text.size() ? std::max(ranks, 0) : 0;
}

bool is_step(const CaseRecord& record) {
  return record.workload == kTrainingStep && record.timed() && ranks_of(record) > 0;
}

TextFacts without(TextFacts values, std::initializer_list<const char*> keys) {
  for (const char* key : keys) values.erase(key);
  return values;
}

// Steps on one and on several ranks, or on several only, that differ in nothing else.
struct Scaled {
  const CaseRecord* one = nullptr;              // null: not measured
  std::vector<const CaseRecord*> several = {};  // by number of ranks
};

// With one rank, scaling and buckets mean nothing.
std::vector<Scaled> scaled_steps(const ResultFile& file) {
  std::vector<Scaled> all;
  for (const auto& record : file.cases) {
    if (!is_step(record) || ranks_of(record) == 1) continue;
    const auto same = std::ranges::find_if(all, [&](const Scaled& other) {
      return without(other.several[0]->values, {kRanks}) == without(record.values, {kRanks});
    });
    if (same == all.end()) {
      all.push_back({nullptr, {&record}});
    } else {
      same->several.push_back(&record);
    }
  }
  for (auto& scaled : all) {
    std::ranges::sort(scaled.several, {}, [](const CaseRecord* record) { return ranks_of(*record); });
    for (const auto& record : file.cases) {
      const auto of_one = [](const CaseRecord& c) { return without(c.values, {kRanks, "scaling", "bucket_bytes"}); };
      if (is_step(record) && ranks_of(record) == 1 && of_one(record) == of_one(*scaled.several[0])) {
        scaled.one = &record;
      }
    }
  }
  return all;
}

double samples_per_second(const CaseRecord& record) {
  return 1e9 * detail_value(record, "samples").value_or(0) / time_ns(record)->value;
}

std::optional<double> measured_efficiency(const Scaled& scaled, const CaseRecord& record) {
  if (scaled.one == nullptr || samples_per_second(*scaled.one) <= 0) return std::nullopt;
  return samples_per_second(record) / samples_per_second(*scaled.one) / ranks_of(record);
}

// The share of the averages' time that the backward pass hides.
std::optional<double> overlap(const CaseRecord& record) {
  const auto exposed = detail_value(record, "exposed_ns"), averaging = detail_value(record, "averaging_ns");
  if (!exposed || !averaging || *averaging <= 0) return std::nullopt;
  return std::clamp(1 - *exposed / *averaging, 0.0, 1.0);
}

std::string percent(const std::optional<double>& share) { return share ? fmt::format("{:.0f}%", 100 * *share) : ""; }
std::string duration(const std::optional<double>& ns) { return ns ? format_duration_ns(*ns) : ""; }

// Of a step, on all ranks together.
std::optional<double> joules(const CaseRecord& record) {
  const auto energy = joules_per_operation(record);
  return energy ? std::optional(energy->value) : std::nullopt;
}

// "model=mlp" of "model=mlp ranks=2".
std::string problem_without_ranks(const CaseRecord& record) {
  const std::string text = problem_alone(record), word = " ranks=" + record.value(kRanks);
  const auto at = text.find(word);
  return at == std::string::npos ? text : text.substr(0, at) + text.substr(at + word.size());
}

constexpr std::array kColumns = {"file",           "workload", "problem",    "backend",      "ranks",
                                 "projected",      "time_ns",  "efficiency", "averaging_ns", "exposed_ns",
                                 "algorithm_gbps", "bus_gbps", "joules"};

// What a row for programs has beside its case; null where it has none.
struct Figures {
  bool projected = false;
  double time_ns = 0;
  std::optional<double> efficiency = std::nullopt, averaging_ns = std::nullopt, exposed_ns = std::nullopt;
  std::optional<double> joules = std::nullopt;
  std::optional<double> algorithm_gbps = std::nullopt, bus_gbps = std::nullopt;
};

void add_record(Document& document, const std::string& file, const CaseRecord& record, const std::string& problem,
                int ranks, const Figures& figures) {
  document.records.rows.push_back({file, record.workload, problem, record.backend, static_cast<double>(ranks),
                                   figures.projected, figures.time_ns, known(figures.efficiency),
                                   known(figures.averaging_ns), known(figures.exposed_ns),
                                   known(figures.algorithm_gbps), known(figures.bus_gbps), known(figures.joules)});
}

Section steps_section(const ResultFile& file, const std::string& name, Document& document) {
  Section section{name + ": data-parallel training steps",
                  {{"problem", "", true},
                   {"backend", "", true},
                   {"ranks", "", false},
                   {"step", "time", false},
                   {"", "time", false},
                   {"samples/s", "rate", false},
                   {"efficiency", "rate", false},
                   {"averages", "communication", false},
                   {"exposed", "communication", false},
                   {"overlap", "communication", false}},
                  {},
                  {}};
  const bool metered = std::ranges::any_of(file.cases, [](const auto& c) { return is_step(c) && joules(c); });
  if (metered) section.columns.push_back({"J a step", "all ranks", false});
  const auto add = [&](const Scaled& scaled, const CaseRecord& record) {
    const auto time = *time_ns(record);
    const auto share = ranks_of(record) == 1 ? std::nullopt : measured_efficiency(scaled, record);
    section.rows.push_back({{problem_without_ranks(record)},
                            {contender_name(file, record)},
                            {std::to_string(ranks_of(record))},
                            {format_duration_ns(time.value)},
                            {format_spread(time), Tone::faint},
                            {format_number(samples_per_second(record))},
                            {percent(share)},
                            {duration(detail_value(record, "averaging_ns"))},
                            {duration(detail_value(record, "exposed_ns"))},
                            {percent(overlap(record))}});
    if (metered) section.rows.back().push_back({joules(record) ? format_number(*joules(record)) : ""});
    add_record(document, name, record, record.problem, ranks_of(record),
               {.time_ns = time.value,
                .efficiency = share,
                .averaging_ns = detail_value(record, "averaging_ns"),
                .exposed_ns = detail_value(record, "exposed_ns"),
                .joules = joules(record)});
  };
  for (const auto& scaled : scaled_steps(file)) {
    if (scaled.one != nullptr) add(scaled, *scaled.one);
    for (const CaseRecord* record : scaled.several) add(scaled, *record);
  }
  return section;
}

Section collectives_section(const ResultFile& file, const std::string& name, Document& document) {
  Section section{name + ": collectives",
                  {{"collective", "", true},
                   {"backend", "", true},
                   {"ranks", "", false},
                   {"bytes", "", false},
                   {"slowest", "time of the ranks", false},
                   {"mean", "time of the ranks", false, 1},
                   {"p99", "time of the ranks", false, 1},
                   {"algorithm", "GB/s", false},
                   {"bus", "GB/s", false}},
                  {},
                  {}};
  for (const auto& record : file.cases) {
    const auto factor = detail_value(record, kBusFactor);
    if (!factor) continue;
    const double ns = time_ns(record)->value, algorithm = record.bytes / ns;
    std::string what = record.workload;
    for (const char* key : {"dtype", "in_place"}) what += fmt::format(" {}={}", key, record.value(key));
    if (record.is_cold()) what += " mode=cold";
    section.rows.push_back({{what},
                            {contender_name(file, record)},
                            {record.value(kRanks)},
                            {record.value("bytes")},
                            {format_duration_ns(ns)},
                            {duration(detail_value(record, "rank_mean_ns"))},
                            {duration(detail_value(record, "rank_p99_ns"))},
                            {format_number(algorithm)},
                            {format_number(*factor * algorithm)}});
    add_record(document, name, record, record.problem, ranks_of(record),
               {.time_ns = ns, .algorithm_gbps = algorithm, .bus_gbps = *factor * algorithm});
  }
  return section;
}

bool on_processor(const ResultFile& file, const CaseRecord& record) {
  const auto* backend = file.backend(record.backend);
  return backend == nullptr || !backend->on_accelerator();
}

// From the file's hot all-reduces in f32 on as many ranks, in the same kind of memory; else nothing. Those in place, as
// a step's are, if there are enough of them.
std::optional<projection::AllReduceModel> measured_model(const ResultFile& file, const CaseRecord& step) {
  for (const char* in_place : {"yes", "no"}) {
    std::vector<projection::AllReduceTime> times;
    for (const auto& record : file.cases) {
      if (record.workload != "allreduce" || !record.timed() || ranks_of(record) != ranks_of(step)) continue;
      if (record.value("dtype") != "f32" || record.is_cold() || record.value("in_place") != in_place) continue;
      if (on_processor(file, record) != on_processor(file, step)) continue;
      times.push_back({record.bytes, 1e-9 * time_ns(record)->value});
    }
    if (auto model = projection::fit_all_reduce(times, ranks_of(step))) return model;
  }
  return std::nullopt;
}

// For each rank's threads; 0 where the ranks have a machine or an accelerator each.
double shared_cpus(const ResultFile& file, const CaseRecord& record) {
  if (!on_processor(file, record)) return 0;
  const auto elsewhere = [&](const RankRecord& rank) { return rank.host != record.ranks.front().host; };
  if (record.ranks.empty() || std::ranges::any_of(record.ranks, elsewhere)) return 0;
  return static_cast<double>(file.environment.cpus_usable) / file.run.threads;
}

// From the fewest ranks that were measured: what was measured on more of them checks it.
Section projected_section(const ResultFile& file, const std::string& name, Document& document) {
  Section section{name + ": projected, not measured: efficiency of more ranks",
                  {{"problem", "", true},
                   {"backend", "", true},
                   {"ranks", "", false},
                   {"step", "projected", false},
                   {"nothing hidden", "efficiency", false},
                   {"overlap as measured", "efficiency", false},
                   {"measured", "efficiency", false}},
                  {},
                  {}};
  std::set<std::string> sources;
  for (const auto& scaled : scaled_steps(file)) {
    if (scaled.one == nullptr) continue;
    const CaseRecord& fewest = *scaled.several.front();
    const auto gradients = detail_value(fewest, "parameters"), averaging = detail_value(fewest, "averaging_ns");
    if (!gradients || !averaging) continue;
    projection::StepScaling step{1e-9 * time_ns(*scaled.one)->value, fewest.value("scaling") == "weak", 4 * *gradients};
    auto model = measured_model(file, fewest);
    sources.insert(
        model ? fmt::format("the file's all-reduces on {} ranks: {:.3g} µs a message, {:.3g} ns a byte; the fit is "
                            "off by up to {:.0f}% at its own points",
                            model->ranks, 1e6 * model->latency_seconds, 1e9 * model->seconds_per_byte,
                            100 * model->worst_error)
              : fmt::format("the averages of a step on {} ranks, without a latency: add allreduce cases to "
                            "the run for one",
                            ranks_of(fewest)));
    if (!model) model = projection::all_reduce_by_bandwidth({step.gradient_bytes, 1e-9 * *averaging}, ranks_of(fewest));
    if (!model) continue;
    const double samples = detail_value(*scaled.one, "samples").value_or(1);
    std::vector<int> ranks(kProjectedRanks.begin(), kProjectedRanks.end());
    for (const CaseRecord* record : scaled.several) ranks.push_back(ranks_of(*record));
    std::ranges::sort(ranks);
    ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
    for (const int count : ranks) {
      const auto measured =
          std::ranges::find(scaled.several, count, [](const CaseRecord* record) { return ranks_of(*record); });
      step.cpus = measured == scaled.several.end() ? 0 : shared_cpus(file, **measured);
      if (!step.weak && count > samples) break;  // less than a sample for each
      step.hidden = 0;
      const double low = projection::efficiency(step, *model, count);
      step.hidden = overlap(fewest).value_or(0);
      const double high = projection::efficiency(step, *model, count);
      const double ns = 1e9 * projection::step_seconds(step, *model, count);
      const auto seen = measured == scaled.several.end() ? std::nullopt : measured_efficiency(scaled, **measured);
      section.rows.push_back({{problem_without_ranks(fewest)},
                              {contender_name(file, fewest)},
                              {std::to_string(count)},
                              {format_duration_ns(ns)},
                              {percent(low)},
                              {percent(high)},
                              {percent(seen)}});
      add_record(document, name, fewest, problem_without_ranks(fewest), count,
                 {.projected = true, .time_ns = ns, .efficiency = high});
    }
  }
  for (const auto& source : sources) section.notes.push_back("all-reduce time from " + source);
  section.notes.emplace_back(
      "assumes that a share takes its part of the one-rank step, that measured ranks on one machine with fewer CPUs "
      "take "
      "turns, that all ranks are as fast and as far from one another as the measured ones, and an all-reduce of 2 "
      "log2(n) messages and 2 (n - 1) / n of the bytes");
  return section;
}

}  // namespace

Document scaling_view(const std::vector<ResultFile>& files, const TableOptions&) {
  Document document;
  document.records.columns.assign(kColumns.begin(), kColumns.end());
  const auto names = file_names(files);
  document.heading = describe_files(files, names);
  for (std::size_t f = 0; f < files.size(); ++f) {
    bool any = false;
    for (auto* const build : {steps_section, collectives_section, projected_section}) {
      Section section = build(files[f], names[f], document);
      if (section.rows.empty()) continue;
      any = true;
      document.sections.push_back(std::move(section));
    }
    if (!any) document.notes.push_back(names[f] + ": no case was measured by several ranks");
  }
  if (document.sections.empty()) return document;
  document.notes.emplace_back("efficiency: samples per second over those of as many single ranks of the same run.");
  document.notes.emplace_back(
      "averages: those of all gradients by themselves; exposed: what a step takes longer with them; overlap: the share "
      "of their time that the backward pass hides.");
  document.notes.emplace_back(
      "algorithm and bus bandwidth as nccl-tests defines them: bytes of the larger buffer over the time, here that of "
      "the slowest rank (its -a 3), and that times what a rank has to pass on of each byte.");
  return document;
}

}  // namespace whygpu
