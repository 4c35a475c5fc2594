#include "reports/views/matrix_notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"

namespace whygpu {

std::vector<std::string> Marks::lines() const {
  std::vector<std::string> lines;
  if (fastest) lines.emplace_back("* the fastest of its row and file; several where their spreads overlap");
  if (interval) lines.emplace_back("± half the 95% interval of the median between rounds");
  if (range) lines.emplace_back("r half the range between rounds (a 95% interval needs 6 rounds)");
  if (rough) lines.emplace_back("~ rough: the spread is above 10%");
  if (single) lines.emplace_back("×? from a single round: no interval, may be chance");
  if (ceiling) lines.emplace_back("ceiling: % of the ceiling measured on the same device");
  if (bandwidth) {
    lines.emplace_back(
        "ceiling: % of the bandwidth measured on the same device: of its memory, or of the cache that held the "
        "operands");
  }
  if (widened)
    lines.emplace_back("w the ceiling is that of f32: the processor has no arithmetic in the dtype and widens it");
  if (memory_roof) lines.emplace_back("m the ceiling is memory or cache, not arithmetic");
  return lines;
}

std::string Fastest::line(const std::string& workload) const {
  if (wins.empty()) return {};
  std::vector<std::pair<std::string, std::size_t>> ranking(wins.begin(), wins.end());
  std::ranges::stable_sort(ranking, std::greater{}, [](const auto& win) { return win.second; });
  std::vector<std::string> parts;
  for (const auto& [name, count] : ranking) {
    parts.push_back(parts.empty() ? fmt::format("{} is fastest in {} of {}", name, count, count_of(problems, "problem"))
                                  : fmt::format("{} in {}", name, count));
  }
  return fmt::format("{}: {}", workload, join(parts, ", "));
}

std::vector<std::string> closing_lines(const std::vector<ResultFile>& files) {
  std::size_t unfair = 0;
  bool gpu = false;
  if (std::ranges::all_of(files, [](const auto& file) { return file.imported.has_value(); })) return {};
  for (const auto& file : files) {
    if (file.imported) continue;
    unfair += static_cast<std::size_t>(std::ranges::count_if(file.findings, &FindingRecord::serious));
    gpu = gpu || std::ranges::any_of(file.backends, &BackendRecord::on_accelerator);
  }
  const std::string next = gpu ? "whygpu table FILE --view crossover" : "whygpu table FILE --project typical";
  return {unfair == 0 ? "unfair: nothing that was looked for (whygpu doctor lists it)"
                      : fmt::format("unfair: {}, above the table", count_of(unfair, "finding")),
          fmt::format("next: whygpu report FILE for charts; {} for {}", next,
                      gpu ? "the sizes from which the GPU pays" : "what cards would take")};
}

}  // namespace whygpu
