#include "reports/table.h"

#include <array>
#include <stdexcept>

#include "reports/matrix.h"
#include "reports/text.h"

namespace whygpu {
namespace {

const Measure kFlops{"gflops", "GFLOP/s", true,
                     [](const ResultFile&, const CaseRecord& record) { return gflops(record); },
                     "the workload counts no FLOPs"};
const Measure kBandwidth{"gigabytes_per_second", "GB/s", true,
                         [](const ResultFile&, const CaseRecord& record) { return gigabytes_per_second(record); },
                         "the workload counts no bytes"};

Document speed(const std::vector<ResultFile>& files, const TableOptions& options) {
  return matrix(files, {kFlops, kBandwidth}, options.baseline);
}
Document flops(const std::vector<ResultFile>& files, const TableOptions& options) {
  return matrix(files, {kFlops}, options.baseline);
}
Document bandwidth(const std::vector<ResultFile>& files, const TableOptions& options) {
  return matrix(files, {kBandwidth}, options.baseline);
}

constexpr std::array kViews = {
    View{"speed", "GFLOP/s, or GB/s of workloads that count no FLOPs", speed},
    View{"flops", "GFLOP/s", flops},
    View{"bandwidth", "GB/s of compulsory traffic", bandwidth},
};

template <class Range, class Name>
std::string names_in(const Range& range, Name&& name_of) {
  std::vector<std::string> names;
  for (const auto& item : range) names.emplace_back(name_of(item));
  return join(names, ", ");
}

}  // namespace

std::span<const View> views() { return kViews; }

std::string render_table(const std::vector<ResultFile>& files, const TableOptions& options) {
  for (const auto& view : kViews) {
    if (view.name != options.view) continue;
    auto document = view.build(files, options);
    document.view = view.name;
    if (options.format == "terminal") return render_terminal(document, options.width, options.color);
    if (options.format == "markdown") return render_markdown(document);
    if (options.format == "csv") return render_csv(document);
    if (options.format == "json") return render_json(document);
    throw std::invalid_argument("format " + options.format + "; there are terminal, markdown, csv, json");
  }
  throw std::invalid_argument("view " + options.view + "; there are " +
                              names_in(kViews, [](const View& view) { return view.name; }));
}

}  // namespace whygpu
