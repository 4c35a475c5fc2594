#include <fmt/format.h>

#include "reports/measures.h"
#include "reports/problems.h"
#include "reports/provenance.h"
#include "reports/text.h"
#include "reports/views.h"

namespace whygpu {
namespace {

// Details of a training step, as the result file names them.
constexpr const char* kPhases[] = {"forward_ns", "backward_ns", "update_ns"};

bool is_training(const CaseRecord& record) {
  return detail(record, kPhases[0]) || detail(record, "samples_per_second");
}

std::string without_workload(const CaseRecord& record) {
  return record.problem.size() > record.workload.size() ? record.problem.substr(record.workload.size() + 1)
                                                        : record.problem;
}

std::vector<Cell> row_of(const CaseRecord& record, const std::string& contender) {
  const auto time = *time_ns(record);
  std::vector<Cell> row{{without_workload(record)},
                        {contender},
                        {fmt::format("{}{}", record.settled ? "" : "~", format_duration_ns(time.value))},
                        {format_spread(time), Tone::faint}};
  for (const char* phase : kPhases) {
    const auto part = detail(record, phase);
    row.push_back({part ? fmt::format("{:.0f}%", 100 * part->value / time.value) : ""});
  }
  const auto samples = detail(record, "samples_per_second");
  row.push_back({samples ? format_number(samples->value) : ""});
  const auto memory = detail(record, "peak_memory_bytes");
  row.push_back({memory ? format_number(memory->value / 1e6) : ""});
  return row;
}

// The losses that every process repeats from the same seed before it times anything.
Section losses_of(const ResultFile& file) {
  Section section{"loss of the first steps", {{"problem", "", true}, {"backend", "", true}}, {}, {}};
  constexpr int kSteps = 10;
  for (int step = 1; step <= kSteps; ++step) section.columns.push_back({std::to_string(step), "", false});
  for (const auto& record : file.cases) {
    if (!detail(record, "loss_1")) continue;
    std::vector<Cell> row{{without_workload(record)}, {contender_name(file, record)}};
    for (int step = 1; step <= kSteps; ++step) {
      const auto loss = detail(record, "loss_" + std::to_string(step));
      row.push_back({loss ? fmt::format("{:.5f}", loss->value) : ""});
    }
    section.rows.push_back(std::move(row));
  }
  return section;
}

}  // namespace

Document training_view(const std::vector<ResultFile>& files, const TableOptions&) {
  Document document;
  document.records.columns = {"file", "workload", "problem", "backend", "variant", "time_ns", "low", "high"};
  constexpr const char* more[] = {"samples_per_second", "peak_memory_bytes", "parameters"};
  for (const auto* name : kPhases) document.records.columns.emplace_back(name);
  for (const auto* name : more) document.records.columns.emplace_back(name);
  const auto names = file_names(files);
  document.heading = describe_files(files, names);
  for (std::size_t f = 0; f < files.size(); ++f) {
    Section section{names[f],
                    {{"problem", "", true},
                     {"backend", "", true},
                     {"step", "time", false},
                     {"", "time", false},
                     {"forward", "share", false},
                     {"backward", "share", false},
                     {"update", "share", false},
                     {"samples/s", "rate", false},
                     {"MB", "memory", false}},
                    {},
                    {}};
    for (const auto& record : files[f].cases) {
      if (!is_training(record)) continue;
      section.rows.push_back(row_of(record, contender_name(files[f], record)));
      const auto time = *time_ns(record);
      auto& row = document.records.rows.emplace_back();
      row = {names[f],   record.workload,     record.problem,      record.backend, known(record.variant()),
             time.value, known(low_of(time)), known(high_of(time))};
      const auto add = [&](const char* name) {
        const auto value = detail(record, name);
        row.push_back(known(value ? std::optional(value->value) : std::nullopt));
      };
      for (const auto* name : kPhases) add(name);
      for (const auto* name : more) add(name);
    }
    if (section.rows.empty()) {
      document.notes.push_back(names[f] + ": no training step was measured");
    } else {
      document.sections.push_back(std::move(section));
      if (Section losses = losses_of(files[f]); !losses.rows.empty()) document.sections.push_back(std::move(losses));
    }
  }
  return document;
}

}  // namespace whygpu
