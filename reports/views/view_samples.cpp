// Every sample of every timed case, for programs.
#include <fmt/format.h>

#include "reports/results/problems.h"
#include "reports/views/provenance.h"
#include "reports/views/views.h"

namespace whygpu {

Document samples_view(const std::vector<ResultFile>& files, const TableOptions&) {
  const auto names = file_names(files);
  const auto parameters = parameters_of(files);
  Document document;
  document.heading = describe_files(files, names);
  document.records.columns = {"file",  "workload", "backend", "variant", "case",
                              "round", "started",  "sample",  "time_ns", "operations_per_sample"};
  auto& columns = document.records.columns;
  columns.insert(columns.end(), parameters.begin(), parameters.end());
  for (std::size_t f = 0; f < files.size(); ++f) {
    for (const auto& record : files[f].cases) {
      if (!record.timed()) continue;
      for (const auto& round : record.rounds) {
        for (std::size_t sample = 0; sample < round.samples_ns.size(); ++sample) {
          std::vector<Value> row = {names[f],
                                    record.workload,
                                    record.backend,
                                    known(record.variant()),
                                    record.text,
                                    static_cast<double>(round.round),
                                    known(round.started),
                                    static_cast<double>(sample + 1),
                                    round.samples_ns[sample],
                                    static_cast<double>(round.batch)};
          for (const auto& name : parameters) row.push_back(parameter(record, name));
          document.records.rows.push_back(std::move(row));
        }
      }
    }
  }
  document.notes.push_back(
      fmt::format("{} samples: --format csv, jsonl or json prints a row for each", document.records.rows.size()));
  return document;
}

}  // namespace whygpu
