#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/network_times.h"
#include "reports/views/provenance.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

constexpr std::size_t kLayersShown = 15;

std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.{}f}%", 100 * part / whole, part / whole > 0.99 && part < whole ? 2 : 0) : "";
}

std::string title_of(const NetworkRecord& network) {
  return fmt::format("{}, batch {}: one {}", network.name, network.batch,
                     network.training ? "training step (forward, gradients of data and weights, update)" : "inference");
}

std::vector<std::string> content_lines(const NetworkContents& contents) {
  std::vector<std::string> lines;
  lines.push_back(
      fmt::format("{:.4g} GFLOP: {}. {} and {} are measured as {}; {} modelled as {:.4g} MB of memory traffic.",
                  1e-9 * contents.flops(), coverage_of(contents), count_of(contents.convolutions, "convolution"),
                  count_of(contents.products, "matrix product"), count_of(contents.distinct, "distinct case"),
                  contents.others == 1 ? "1 other operator is" : fmt::format("{} other operators are", contents.others),
                  1e-6 * contents.traffic_bytes));
  for (const auto& [what, count] : contents.unknown) lines.push_back(fmt::format("{} × {}", count, what));
  return lines;
}

Section times_section(const NetworkRecord& network, const std::vector<NetworkTime>& times) {
  const NetworkContents contents = contents_of(network);
  Section section{title_of(network), {{"backend", "", true}, {"time", "", false}, {"per item", "", false}}, {}, {}};
  if (network.training) {
    for (const char* name : {"forward", "backward", "update"}) section.columns.push_back({name, "passes", false});
  }
  section.columns.push_back({"operands", "", true});
  for (const char* name : {"measured", "modelled", "share measured"}) section.columns.push_back({name, "time", false});
  section.columns.push_back({"GFLOP/s", "", false});
  const auto show = [](double seconds) { return seconds > 0 ? format_duration_ns(1e9 * seconds) : std::string("0"); };
  for (const auto& time : times) {
    const bool partial = !time.missing.empty() || !time.traffic_known;
    const double not_timed =
        time.missing_flops + (time.traffic_known ? 0 : contents.other_flops + contents.unknown_flops);
    const std::string mark = partial ? ">" : "";
    auto& row = section.rows.emplace_back();
    row = {{time.name, partial                       ? Tone::faint
                       : time.name == "best of each" ? Tone::strong
                                                     : Tone::plain},
           {mark + show(time.seconds())},
           {mark + show(time.seconds() / static_cast<double>(network.batch))}};
    if (network.training) {
      double forward = 0, update = 0;
      if (const auto found = time.by_pass.find("forward"); found != time.by_pass.end()) forward = found->second;
      if (const auto found = time.by_pass.find("optimiser"); found != time.by_pass.end()) update = found->second;
      for (const double part : {forward, time.seconds() - forward - update, update}) row.push_back({show(part)});
    }
    row.push_back({time.cold ? "cold" : "hot", Tone::faint});
    row.push_back({show(time.measured)});
    row.push_back({time.traffic_known ? show(time.modelled) : "not known", Tone::faint});
    row.push_back({percent(time.measured, time.seconds())});
    row.push_back({format_number(1e-9 * (contents.flops() - not_timed) / time.seconds())});
    if (!time.missing.empty()) {
      section.notes.push_back(fmt::format("{}: without {} ({} of the FLOPs) that it did not run, such as {}", time.name,
                                          count_of(time.missing.size(), "case"),
                                          percent(time.missing_flops, contents.flops()), time.missing.front()));
    }
    if (!time.traffic_known) {
      section.notes.push_back(fmt::format("{}: memory traffic counts nothing, since no bandwidth of {} was measured",
                                          time.name, time.device));
    }
  }
  for (const auto& line : content_lines(contents)) section.notes.push_back(line);
  return section;
}

Section layers_section(const ResultFile& file, const NetworkRecord& network, const std::string& device) {
  Section section{fmt::format("Layers that take the time on {}, each by its best backend", device),
                  {{"operators", "", true},
                   {"time", "", false},
                   {"share", "", false},
                   {"count", "", false},
                   {"backend", "", true},
                   {"GFLOP/s", "", false},
                   {"the first", "", true}},
                  {},
                  {}};
  const auto layers = layer_times(file, network, device);
  double total = 0;
  for (const auto& layer : layers) total += layer.seconds;
  for (std::size_t i = 0; i < std::min(layers.size(), kLayersShown); ++i) {
    const LayerTime& layer = layers[i];
    if (layer.seconds == 0) break;
    const bool measured = !layer.backend.empty();
    section.rows.push_back({{layer.what},
                            {format_duration_ns(1e9 * layer.seconds)},
                            {percent(layer.seconds, total)},
                            {fmt::format("{:.0f}", layer.count)},
                            {measured ? layer.backend : "modelled", measured ? Tone::plain : Tone::faint},
                            {measured ? format_number(1e-9 * layer.flops / layer.seconds) : ""},
                            {layer.example, Tone::faint}});
  }
  if (layers.size() > kLayersShown) {
    double rest = 0;
    for (std::size_t i = kLayersShown; i < layers.size(); ++i) rest += layers[i].seconds;
    section.notes.push_back(
        fmt::format("{} more take {} of the time", layers.size() - kLayersShown, percent(rest, total)));
  }
  return section;
}

}  // namespace

Document network_view(const std::vector<ResultFile>& files, const TableOptions&) {
  Document document;
  document.records.columns = {"file",           "network",       "batch",    "training",       "backend",
                              "device",         "seconds",       "measured", "modelled",       "flops",
                              "flops_measured", "flops_missing", "operands", "flops_modelled", "flops_unknown"};
  const auto names = file_names(files);
  document.heading = describe_files(files, names);
  for (std::size_t f = 0; f < files.size(); ++f) {
    for (const auto& network : files[f].networks) {
      const auto contents = contents_of(network);
      const auto times = network_times(files[f], network);
      document.sections.push_back(times_section(network, times));
      std::vector<std::string> devices;
      for (const auto& time : times) {
        document.records.rows.push_back({names[f], network.name, static_cast<double>(network.batch), network.training,
                                         time.name, time.device, time.seconds(), time.measured,
                                         known(time.traffic_known ? std::optional(time.modelled) : std::nullopt),
                                         contents.flops(), contents.product_flops, time.missing_flops,
                                         time.cold ? "cold" : "hot", contents.other_flops, contents.unknown_flops});
        if (std::ranges::find(devices, time.device) == devices.end()) devices.push_back(time.device);
      }
      for (const auto& device : devices) document.sections.push_back(layers_section(files[f], network, device));
    }
    if (files[f].networks.empty()) document.notes.push_back(names[f] + ": not a run of whygpu network");
  }
  document.notes.emplace_back(
      "measured: convolutions and matrix products, one at a time, with hot operands if the device's largest cache "
      "holds those of all of them, otherwise cold. modelled: the bytes of the other operators' operands at the "
      "measured bandwidth of the cache or memory that holds them, each operator by itself. >: some cases, or the "
      "traffic, are missing: the true time is longer.");
  return document;
}

}  // namespace whygpu
