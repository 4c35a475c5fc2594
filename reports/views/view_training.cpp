#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reports/render/text.h"
#include "reports/results/measures.h"
#include "reports/results/problems.h"
#include "reports/views/ceiling_place.h"
#include "reports/views/provenance.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

// Details of a training step, as named in the result file.
constexpr const char* kPhases[] = {"forward_ns", "backward_ns", "update_ns"};

bool is_training(const CaseRecord& record) { return detail(record, kPhases[0]).has_value(); }

bool is_fed(const CaseRecord& record) { return record.offload() == Offload::always; }

// The same step with the other offload mode (fed from host memory, or not); null when not measured.
const CaseRecord* counterpart(const ResultFile& file, const CaseRecord& record, bool fed) {
  const auto without_offload = [](TextFacts values) {
    values.erase("offload");
    return values;
  };
  const auto found = std::ranges::find_if(file.cases, [&](const CaseRecord& other) {
    return is_training(other) && is_fed(other) == fed &&
           without_offload(other.values) == without_offload(record.values);
  });
  return found == file.cases.end() ? nullptr : &*found;
}

// FLOPs by formula over the FLOPs of the device's measured ceiling in the same time.
std::optional<double> model_flops_utilisation(const ResultFile& file, const CaseRecord& record) {
  const auto ceiling = arithmetic_ceiling(file, record);
  const auto speed = gflops(record);
  if (!ceiling || !speed) return std::nullopt;
  return 1e9 * speed->value / *ceiling;
}

std::optional<double> per_second(const CaseRecord& record, const char* count) {
  const auto amount = detail(record, count);
  if (!amount) return std::nullopt;
  return 1e9 * amount->value / time_ns(record)->value;
}

// Share of the backend's own code in a step's time, each operation timed by itself; the rest is spent in whygpu's
// layers.
std::optional<double> library_share(const CaseRecord& record) {
  const auto library = detail_value(record, "nodes_backend_ns"), layers = detail_value(record, "nodes_layers_ns");
  if (!library || !layers || *library + *layers <= 0) return std::nullopt;
  return *library / (*library + *layers);
}

// Columns shown only when a file has values for them.
struct OptionalColumns {
  bool fed = false, library = false;
};

std::vector<Cell> row_of(const ResultFile& file, const CaseRecord& record, const OptionalColumns& optional) {
  const std::string contender = contender_name(file, record);
  const auto time = *time_ns(record);
  std::vector<Cell> row{{problem_alone(record)},
                        {contender},
                        {fmt::format("{}{}", record.settled ? "" : "~", format_duration_ns(time.value))},
                        {format_spread(time), Tone::faint}};
  if (optional.fed) {
    const CaseRecord* fed = counterpart(file, record, true);
    row.push_back({fed != nullptr ? format_duration_ns(time_ns(*fed)->value) : ""});
  }
  for (const char* phase : kPhases) {
    const auto part = detail(record, phase);
    row.push_back({part ? fmt::format("{:.0f}%", 100 * part->value / time.value) : ""});
  }
  if (optional.library) {
    const auto share = library_share(record);
    row.push_back({share ? fmt::format("{:.0f}%", 100 * *share) : ""});
  }
  const auto add = [&row](std::optional<double> value, double unit) {
    row.push_back({value ? format_number(*value / unit) : ""});
  };
  add(per_second(record, "samples"), 1);
  add(per_second(record, "tokens"), 1);
  const auto utilisation = model_flops_utilisation(file, record);
  row.push_back({utilisation ? fmt::format("{:.0f}%", 100 * *utilisation) : ""});
  add(detail_value(record, "peak_memory_bytes"), 1e6);
  add(detail_value(record, "parameters"), 1e6);
  return row;
}

// The first losses, which every process computes from the same seed before timing.
Section losses_of(const ResultFile& file) {
  Section section{"loss of the first steps", {{"problem", "", true}, {"backend", "", true}}, {}, {}};
  constexpr int kSteps = 10;
  for (int step = 1; step <= kSteps; ++step) section.columns.push_back({std::to_string(step), "", false});
  for (const auto& record : file.cases) {
    if (!detail(record, "loss_1")) continue;
    std::vector<Cell> row{{problem_alone(record)}, {contender_name(file, record)}};
    for (int step = 1; step <= kSteps; ++step) {
      const auto loss = detail(record, "loss_" + std::to_string(step));
      row.push_back({loss ? fmt::format("{:.5f}", loss->value) : ""});
    }
    section.rows.push_back(std::move(row));
  }
  return section;
}

Section steps_of(const ResultFile& file, const std::string& name) {
  // A fed step gets a column beside the same step without feeding, or its own row where there is none.
  const auto in_column = [&file](const CaseRecord& record) {
    return is_training(record) && is_fed(record) && counterpart(file, record, false) != nullptr;
  };
  const auto has_share = [](const CaseRecord& record) { return is_training(record) && library_share(record); };
  const OptionalColumns optional{std::ranges::any_of(file.cases, in_column),
                                 std::ranges::any_of(file.cases, has_share)};
  Section section{
      name, {{"problem", "", true}, {"backend", "", true}, {"step", "time", false}, {"", "time", false}}, {}, {}};
  if (optional.fed) section.columns.push_back({"fed", "time", false});
  for (const char* phase : {"forward", "backward", "update"}) section.columns.push_back({phase, "share", false});
  if (optional.library) section.columns.push_back({"library", "share", false});
  for (const auto& [title, group] : {std::pair{"samples/s", "rate"},
                                     {"tokens/s", "rate"},
                                     {"MFU", "rate"},
                                     {"MB", "memory"},
                                     {"M param.", "memory"}}) {
    section.columns.push_back({title, group, false});
  }
  for (const auto& record : file.cases) {
    if (is_training(record) && !in_column(record)) section.rows.push_back(row_of(file, record, optional));
  }
  return section;
}

void add_notes(Document& document, const std::vector<ResultFile>& files) {
  document.notes.emplace_back(
      "Shares of forward, backward and update: from whole steps run right after the timed ones, one operation at a "
      "time.");
  const auto has_share = [](const CaseRecord& record) { return is_training(record) && library_share(record); };
  if (std::ranges::any_of(files, [&](const auto& file) { return std::ranges::any_of(file.cases, has_share); })) {
    document.notes.emplace_back(
        "library: the backend's share of a step's time, each operation timed by itself; the rest is spent in whygpu's "
        "kernels of network layers.");
  }
  document.notes.emplace_back(
      "MFU: FLOPs by formula per second over the measured ceiling of the dtype on the same threads.");
  const auto fed = [](const CaseRecord& record) { return is_training(record) && is_fed(record); };
  if (std::ranges::any_of(files, [&](const auto& file) { return std::ranges::any_of(file.cases, fed); })) {
    document.notes.emplace_back(
        "fed, offload=always: the step with its batch copied from host memory and its loss back. A CPU backend "
        "computes in host "
        "memory: nothing is copied, and any difference is noise.");
  }
}

}  // namespace

Document training_view(const std::vector<ResultFile>& files, const TableOptions&) {
  Document document;
  document.records.columns = {"file", "workload", "problem", "backend", "variant", "time_ns", "low", "high"};
  constexpr const char* more[] = {"samples",    "tokens",           "peak_memory_bytes",
                                  "parameters", "nodes_backend_ns", "nodes_layers_ns"};
  for (const auto* name : kPhases) document.records.columns.emplace_back(name);
  for (const auto* name : more) document.records.columns.emplace_back(name);
  document.records.columns.emplace_back("mfu");
  const auto names = file_names(files);
  document.heading = describe_files(files, names);
  bool any = false;
  for (std::size_t f = 0; f < files.size(); ++f) {
    for (const auto& record : files[f].cases) {
      if (!is_training(record)) continue;
      const auto time = *time_ns(record);
      auto& row = document.records.rows.emplace_back();
      row = {names[f],   record.workload,     record.problem,      record.backend, known(record.variant()),
             time.value, known(low_of(time)), known(high_of(time))};
      for (const auto* name : kPhases) row.push_back(known(detail_value(record, name)));
      for (const auto* name : more) row.push_back(known(detail_value(record, name)));
      row.push_back(known(model_flops_utilisation(files[f], record)));
    }
    Section section = steps_of(files[f], names[f]);
    if (section.rows.empty()) {
      document.notes.push_back(names[f] + ": no training step was measured");
      continue;
    }
    any = true;
    document.sections.push_back(std::move(section));
    if (Section losses = losses_of(files[f]); !losses.rows.empty()) document.sections.push_back(std::move(losses));
  }
  if (any) add_notes(document, files);
  return document;
}

}  // namespace whygpu
