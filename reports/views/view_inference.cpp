#include <fmt/format.h>

#include "reports/render/text.h"
#include "reports/results/measures.h"
#include "reports/results/problems.h"
#include "reports/views/provenance.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

// Details of an inference, as named in the result file.
constexpr const char* kPercentiles[] = {"latency_p50_ns", "latency_p95_ns", "latency_p99_ns"};

bool is_inference(const CaseRecord& record) { return detail(record, kPercentiles[0]).has_value(); }

std::vector<Cell> row_of(const ResultFile& file, const CaseRecord& record) {
  const auto time = *time_ns(record);
  std::vector<Cell> row{{problem_alone(record)},
                        {contender_name(file, record)},
                        {fmt::format("{}{}", record.settled ? "" : "~", format_duration_ns(time.value))},
                        {format_spread(time), Tone::faint}};
  for (const char* name : kPercentiles) {
    const auto latency = detail(record, name);
    row.push_back({latency ? format_duration_ns(latency->value) : ""});
  }
  const auto requests = detail(record, "requests");
  row.push_back({requests ? format_number(requests->value) : ""});
  const auto memory = detail(record, "peak_memory_bytes");
  row.push_back({memory ? format_number(memory->value / 1e6) : ""});
  return row;
}

}  // namespace

Document inference_view(const std::vector<ResultFile>& files, const TableOptions&) {
  Document document;
  document.records.columns = {"file", "workload", "problem", "backend", "variant", "time_ns", "low", "high"};
  for (const char* name : kPercentiles) document.records.columns.emplace_back(name);
  document.records.columns.emplace_back("requests");
  const auto names = file_names(files);
  document.heading = describe_files(files, names);
  for (std::size_t f = 0; f < files.size(); ++f) {
    Section section{names[f],
                    {{"problem", "", true},
                     {"backend", "", true},
                     {"inference", "time", false},
                     {"", "time", false},
                     {"p50", "latency", false},
                     {"p95", "latency", false},
                     {"p99", "latency", false},
                     {"requests", "latency", false},
                     {"MB", "memory", false}},
                    {},
                    {}};
    for (const auto& record : files[f].cases) {
      if (!is_inference(record)) continue;
      section.rows.push_back(row_of(files[f], record));
      const auto time = *time_ns(record);
      auto& row = document.records.rows.emplace_back();
      row = {names[f],   record.workload,     record.problem,      record.backend, known(record.variant()),
             time.value, known(low_of(time)), known(high_of(time))};
      for (const char* name : {kPercentiles[0], kPercentiles[1], kPercentiles[2], "requests"}) {
        const auto value = detail(record, name);
        row.push_back(known(value ? std::optional(value->value) : std::nullopt));
      }
    }
    if (section.rows.empty()) {
      document.notes.push_back(names[f] + ": no inference was measured");
    } else {
      document.sections.push_back(std::move(section));
    }
  }
  document.notes.emplace_back(
      "latency: of single requests, from the call until the result is available, by the host's clock.");
  return document;
}

}  // namespace whygpu
