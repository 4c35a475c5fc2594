// Google Benchmark JSON of others: benchmarks[] with name, run_type, real_time and time_unit. Rows of repetitions have
// one name; aggregates of them are left out. The file names the host, and no device.
#include <fmt/format.h>

#include <map>

#include "benchmarks/import/reader.h"

namespace whygpu::published {
namespace {

double ns_per(const JsonNode& unit) {
  static const std::map<std::string, double> units = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const auto found = units.find(unit.text());
  if (found == units.end()) unit.fail(fmt::format("found \"{}\"; must be ns, us, ms or s", unit.text()));
  return found == units.end() ? 1 : found->second;
}

bool is_set(const JsonNode& row, std::string_view key) {
  const auto flag = row.find(key);
  return flag && flag->flag();
}

Row row_of(const JsonNode& node, const NameMapping& names) {
  Row row;
  row.kind = RecordedDevice::cpu;
  row.name = row.place = node["name"].text();
  const auto run = node.text_or_empty("run_name");
  if (!run.empty()) row.name = run;
  if (node.text_or_empty("run_type") == "aggregate") {
    row.left_out = "aggregate of repetitions";
  } else if (is_set(node, "error_occurred")) {
    row.left_out = "error: " + node.text_or_empty("error_message");
  } else if (is_set(node, "skipped")) {
    row.left_out = "skipped: " + node.text_or_empty("skip_message");
  } else if (const auto line = names.case_of(row.name); !line) {
    row.left_out =
        names.given() ? "the name does not match --match" : "the name is no case: --match and --case map names";
  } else {
    const auto unit = node.find("time_unit");
    const double time = node["real_time"].number() * (unit ? ns_per(*unit) : 1);
    if (!(time > 0)) row.left_out = kNoTime;
    row.ns = {time};
    row.case_line = *line;
  }
  return row;
}

}  // namespace

Source read_google_benchmark(const Input& input) {
  const NameMapping names(input.options);
  Source source;
  source.version = "Google Benchmark";
  read_json(input.text, input.path, "Google Benchmark JSON", [&](const JsonNode& root) {
    if (root.find("whygpu")) {
      root.fail("a result file of whygpu, which `whygpu table` reads as it is; expected figures of others");
    }
    if (const auto context = root.find("context")) {
      source.host = context->text_or_empty("host_name");
      if (const auto version = context->text_or_empty("library_version"); !version.empty())
        source.version += " " + version;
    }
    root["benchmarks"].each([&](const JsonNode& node) { source.rows.push_back(row_of(node, names)); });
  });
  return source;
}

}  // namespace whygpu::published
