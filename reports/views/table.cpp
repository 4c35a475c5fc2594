#include "reports/views/table.h"

#include <array>
#include <stdexcept>

#include "reports/render/text.h"
#include "reports/views/matrix.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

const Measure kFlops{"gflops",
                     "GFLOP/s",
                     true,
                     "speed-up",
                     "the workload counts no FLOPs",
                     [](const ResultFile&, const CaseRecord& record) { return gflops(record); },
                     Against::roofline};
const Measure kBandwidth{"gigabytes_per_second",
                         "GB/s",
                         true,
                         "speed-up",
                         "the workload counts no bytes",
                         [](const ResultFile&, const CaseRecord& record) { return gigabytes_per_second(record); },
                         Against::bandwidth};
const Measure kGflopsPerWatt{"gflops_per_watt",
                             "GFLOP/s/W",
                             true,
                             "gain",
                             "no meter measured its energy",
                             [](const ResultFile&, const CaseRecord& record) { return gflops_per_watt(record); }};
const Measure kJoules{"joules_per_operation",
                      "J",
                      false,
                      "saving",
                      "no meter measured its energy",
                      [](const ResultFile&, const CaseRecord& record) { return joules_per_operation(record); }};

const Measure kLatency{"latency_us",
                       "µs",
                       false,
                       "speed-up",
                       "its operands are cold or copied, or its source does not say whether the host waited",
                       [](const ResultFile& file, const CaseRecord& record) {
                         const auto nanoseconds = latency_ns(file, record);
                         return nanoseconds ? std::optional(nanoseconds->scaled(1e-3)) : std::nullopt;
                       }};

Document speed(const std::vector<ResultFile>& files, const TableOptions& options) {
  return matrix(files, {kFlops, kBandwidth}, options.baseline);
}
Document flops(const std::vector<ResultFile>& files, const TableOptions& options) {
  return matrix(files, {kFlops}, options.baseline);
}
Document bandwidth(const std::vector<ResultFile>& files, const TableOptions& options) {
  return matrix(files, {kBandwidth}, options.baseline);
}
Document energy(const std::vector<ResultFile>& files, const TableOptions& options) {
  return matrix(files, {kGflopsPerWatt, kJoules}, options.baseline);
}

Document latency(const std::vector<ResultFile>& files, const TableOptions& options) {
  return matrix(files, {kLatency}, options.baseline);
}

constexpr std::array kViews = {
    View{"speed", "GFLOP/s, or GB/s of workloads that count no FLOPs", speed, OnPage::open},
    View{"flops", "GFLOP/s", flops, OnPage::left_out},
    View{"bandwidth", "GB/s of compulsory traffic", bandwidth, OnPage::left_out},
    View{"latency", "one operation that the host waits for, in µs", latency, OnPage::left_out},
    View{"energy", "FLOP/s per watt, or joules of workloads that count no FLOPs", energy},
    View{"price", "dollars of device per GFLOP/s; dollars per million operations, or per training step", price_view},
    View{"crossover", "from which size on a GPU stays ahead of the best CPU backend", crossover_view},
    View{"projection", "what the cards of --project would take", projection_view},
    View{"accuracy", "projection against measurement, for cards that were measured", accuracy_view},
    View{"training", "training steps: time, phases, samples per second, MFU, memory", training_view},
    View{"inference", "the forward half of networks: time, latency percentiles, memory", inference_view},
    View{"scaling", "several ranks: efficiency, communication, bus bandwidth; projected for more ranks", scaling_view},
    View{"samples", "every sample, for --format csv, jsonl or json", samples_view, OnPage::left_out},
    View{"network", "networks as the sum of their operators, of a run of whygpu network", network_view},
};

template <class Range, class Name>
std::string names_in(const Range& range, Name&& name_of) {
  std::vector<std::string> names;
  for (const auto& item : range) names.emplace_back(name_of(item));
  return join(names, ", ");
}

// Below the measured tables, under headings of their own; programs read the view "projection".
void append_projection(Document& document, const std::vector<ResultFile>& files, const TableOptions& options) {
  Document projection = projection_view(files, options);
  for (auto& section : projection.sections) document.sections.push_back(std::move(section));
  for (auto& note : projection.notes) document.notes.push_back(std::move(note));
}

}  // namespace

std::span<const View> views() { return kViews; }

std::string render_table(const std::vector<ResultFile>& files, const TableOptions& options) {
  for (const auto& view : kViews) {
    if (view.name != options.view) continue;
    auto document = view.build(files, options);
    document.view = view.name;
    if (!options.cards.empty() && view.name != "projection") append_projection(document, files, options);
    return render(document, options.format, options.width, options.color);
  }
  throw std::invalid_argument("unknown view " + options.view +
                              "; available: " + names_in(kViews, [](const View& view) { return view.name; }));
}

}  // namespace whygpu
