#include <fmt/format.h>

#include <charconv>
#include <map>
#include <set>

#include "reports/catalogue/costs.h"
#include "reports/render/text.h"
#include "reports/views/matrix.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

std::optional<Estimate> price_of_speed(const ResultFile& file, const CaseRecord& record, const PriceList& list) {
  const auto rate = gflops(record);
  const auto* device = file.device_of(record);
  if (!rate || !device) return std::nullopt;
  const auto price = list.of(device->name).device;
  if (!dollars_per_gflops(price, rate->value)) return std::nullopt;
  return rate->inverse(*price);
}

std::optional<Estimate> cost_estimate(const ResultFile& file, const CaseRecord& record, const PriceList& list) {
  const auto* device = file.device_of(record);
  if (!device) return std::nullopt;
  return dollars_per_operation(record, list.of(device->name));
}

// Items per inference operation; nullopt when the case leaves the batch to the model (batch=0).
std::optional<double> batch_of(const CaseRecord& record) {
  const auto text = record.value("batch");
  double batch = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), batch);
  if (result.ec != std::errc() || !(batch > 0)) return std::nullopt;
  return batch;
}

// Cost of a million operations, or of a million batch items for inference.
std::optional<Estimate> cost_of_a_million(const ResultFile& file, const CaseRecord& record, const PriceList& list) {
  if (record.workload == kTrainingStep) return std::nullopt;
  const auto cost = cost_estimate(file, record, list);
  const auto items = record.workload == kInference ? batch_of(record) : std::optional(1.0);
  if (!cost || !items) return std::nullopt;
  return cost->scaled(1e6 / *items);
}

std::optional<Estimate> cost_of_a_step(const ResultFile& file, const CaseRecord& record, const PriceList& list) {
  if (record.workload != kTrainingStep) return std::nullopt;
  return cost_estimate(file, record, list);
}

// What the cost of an operation on a device includes.
std::string describe_costs(const std::string& device, const Prices& prices, const std::set<std::string>& contents) {
  std::vector<std::string> known, missing;
  if (prices.device) known.push_back(fmt::format("${}", format_number(*prices.device)));
  if (!prices.device) missing.push_back(fmt::format("price unknown (--price '{}=USD')", device));
  if (prices.hourly) known.push_back(fmt::format("${} an hour", format_number(*prices.hourly)));
  if (!prices.device && !prices.hourly) missing.emplace_back("rent unknown (--hourly USD)");
  std::string line = device;
  if (!known.empty()) line += " at " + join(known, ", ");
  if (!missing.empty()) line += ": " + join(missing, ", ");
  for (const auto& content : contents) line += "; cost of operations: " + content;
  if (contents.empty()) return line;
  return line + (prices.hourly ? "; excludes idle hours" : "; excludes the rest of the machine, staff and space");
}

std::vector<std::string> describe_prices(const std::vector<ResultFile>& files, const PriceList& list) {
  std::map<std::string, std::set<std::string>> contents;
  for (const auto& file : files) {
    for (const auto& record : file.cases) {
      const auto* device = file.device_of(record);
      const auto time = time_ns(record);
      if (!device || !time) continue;
      auto& of_device = contents[device->name];
      const auto joules = joules_per_operation(record);
      const auto cost = cost_of_operation(list.of(device->name), time->value / 1e9,
                                          joules ? std::optional(joules->value) : std::nullopt);
      if (cost) of_device.insert(cost->how);
    }
  }
  std::vector<std::string> lines;
  for (const auto& [device, of_device] : contents) lines.push_back(describe_costs(device, list.of(device), of_device));
  return lines;
}

}  // namespace

Document price_view(const std::vector<ResultFile>& files, const TableOptions& options) {
  const auto& list = options.prices;
  const std::string unknown = "device price and rent unknown";
  const std::string unknown_million = unknown + ", or batch unknown";
  const std::vector<Measure> measures = {
      {"dollars_per_gflops", "$ per GFLOP/s", false, "saving", "device price or FLOPs unknown",
       [&](const ResultFile& file, const CaseRecord& record) { return price_of_speed(file, record, list); }},
      {"dollars_per_million", "$ per 1M", false, "saving", unknown_million,
       [&](const ResultFile& file, const CaseRecord& record) { return cost_of_a_million(file, record, list); }},
      {"dollars_per_step", "$ per step", false, "saving", unknown,
       [&](const ResultFile& file, const CaseRecord& record) { return cost_of_a_step(file, record, list); }}};
  auto document = matrix(files, measures, options.baseline, Shown::all);
  auto notes = describe_prices(files, list);
  if (!document.sections.empty()) {
    notes.emplace_back("$ per 1M: per million operations; for inference, per million batch items");
  }
  document.notes.insert(document.notes.begin(), notes.begin(), notes.end());
  return document;
}

}  // namespace whygpu
