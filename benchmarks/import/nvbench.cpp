// nvbench JSON: devices[], and benchmarks[] with states[], each with a device, its axis values and its summaries. The
// time is that of isolated runs by the GPU's clock, nv/cold/time/gpu/mean, in seconds.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "benchmarks/import/reader.h"

namespace whygpu::published {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

// [{"name": …, "value": …}, …]; numbers are written as strings, since they may have 64 bits.
Values named_values(const std::optional<JsonNode>& list) {
  Values values;
  if (!list) return values;
  list->each([&](const JsonNode& item) { values.emplace_back(item["name"].text(), item["value"].scalar()); });
  return values;
}

std::optional<double> gpu_seconds(const JsonNode& state) {
  std::optional<double> seconds;
  const auto summaries = state.find("summaries");
  if (!summaries) return seconds;
  summaries->each([&](const JsonNode& summary) {
    if (summary.text_or_empty("tag") != "nv/cold/time/gpu/mean") return;
    for (const auto& [name, value] : named_values(summary.find("data"))) {
      if (name == "value") seconds = positive(value);
    }
  });
  return seconds;
}

// A product, if the axes have m, n and k and no others but a dtype and a batch; empty otherwise.
std::string product_of(const Values& axes, const std::string& dtype) {
  Product product;
  product.dtype = dtype;
  for (const auto& [axis, value] : axes) {
    const auto key = lower_case(axis);
    if (key == "m") {
      product.m = value;
    } else if (key == "n") {
      product.n = value;
    } else if (key == "k") {
      product.k = value;
    } else if (key == "batch") {
      product.batch = value;
    } else if (key == "t" || key == "dtype") {
      product.dtype = dtype_named(value);
    } else {
      return {};
    }
  }
  const bool whole = !product.m.empty() && !product.n.empty() && !product.k.empty() && !product.dtype.empty();
  return whole ? product.case_line() : std::string();
}

class NvbenchReader {
 public:
  explicit NvbenchReader(const ImportOptions& options) : options_(options), names_(options) {}

  std::vector<Row> read(const JsonNode& root) {
    if (const auto devices = root.find("devices")) {
      devices->each([&](const JsonNode& device) { devices_[device["id"].integer_from(0)] = device["name"].text(); });
    }
    root["benchmarks"].each([&](const JsonNode& benchmark) {
      const auto name = benchmark["name"].text();
      if (const auto states = benchmark.find("states")) {
        states->each([&](const JsonNode& state) { rows_.push_back(row_of(state, name)); });
      }
    });
    return std::move(rows_);
  }

 private:
  Row row_of(const JsonNode& state, const std::string& benchmark) const {
    Row row;
    row.kind = RecordedDevice::cuda;
    row.device = device_of(state);
    const auto axes = named_values(state.find("axis_values"));
    row.name = benchmark;
    for (const auto& [axis, value] : axes) row.name += fmt::format(" {}={}", axis, value);
    row.place = row.name;
    const auto seconds = gpu_seconds(state);
    const auto skipped = state.find("is_skipped");
    if (skipped && skipped->flag()) {
      row.left_out = "skipped: " + state.text_or_empty("skip_reason");
    } else if (!seconds || !std::isfinite(1e9 * *seconds)) {
      row.left_out = kNoTime;
    } else {
      row.ns = {1e9 * *seconds};
      row.implementation = benchmark;
      row.case_line = names_.given() ? names_.case_of(row.name).value_or("") : product_of(axes, options_.dtype);
      if (row.case_line.empty()) {
        row.left_out = names_.given() ? "the name does not match --match"
                                      : "the axes are not m, n, k and a dtype: --match and --case map names";
      }
    }
    return row;
  }

  std::string device_of(const JsonNode& state) const {
    const auto id = state.find("device");
    const auto found = id ? devices_.find(id->integer_from(0)) : devices_.end();
    return found == devices_.end() ? std::string() : found->second;
  }

  const ImportOptions& options_;
  NameMapping names_;
  std::map<std::int64_t, std::string> devices_;
  std::vector<Row> rows_;
};

}  // namespace

Source read_nvbench(const Input& input) {
  Source source;
  source.version = "nvbench";
  read_json(input.text, input.path, "nvbench JSON",
            [&](const JsonNode& root) { source.rows = NvbenchReader(input.options).read(root); });
  return source;
}

}  // namespace whygpu::published
