#include "benchmarks/import/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>

#include "benchmarks/cases/nearest.h"
#include "benchmarks/import/csv.h"
#include "benchmarks/import/reader.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

using published::Row;
using published::Source;

constexpr std::size_t kMostDevices = 100;

bool is_date(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto number = [&](std::size_t begin, std::size_t length) {
    int value = -1;
    const auto* end = text.data() + begin + length;
    return std::from_chars(text.data() + begin, end, value).ptr == end ? value : -1;
  };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  return year >= 0 && month >= 0 && day >= 0 &&
         std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day)))
             .ok();
}

std::optional<ImportFormat> recognise(std::string_view text) {
  const auto has = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  const auto first = text.find_first_not_of(" \t\r\n");
  if (text[first] == '{' || text[first] == '[') {
    if (has("\"model_n_params\"")) return ImportFormat::llama_bench;
    if (has("\"axis_values\"")) return ImportFormat::nvbench;
    if (has("\"benchmarks\"")) return ImportFormat::google_benchmark;
    return std::nullopt;
  }
  if (text.starts_with("device,precision,")) return ImportFormat::deepbench;
  if (has("Problem,Provider,OperationKind,")) return ImportFormat::cutlass;
  if (has("transA,transB,M,N,K,")) return ImportFormat::rocblas_bench;
  return std::nullopt;
}

std::string format_list() {
  std::string list;
  for (const auto name : enum_names(ImportFormat{})) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

Source read(ImportFormat format, const published::Input& input) {
  switch (format) {
    case ImportFormat::deepbench: return published::read_deepbench(input);
    case ImportFormat::cutlass: return published::read_cutlass(input);
    case ImportFormat::nvbench: return published::read_nvbench(input);
    case ImportFormat::llama_bench: return published::read_llama_bench(input);
    case ImportFormat::rocblas_bench: return published::read_rocblas_bench(input);
    case ImportFormat::google_benchmark: break;
  }
  return published::read_google_benchmark(input);
}

// Letters, digits, dots and hyphens only.
std::string for_file_name(std::string text) {
  std::ranges::replace_if(
      text,
      [](char c) {
        return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_';
      },
      '_');
  constexpr std::size_t kLongest = 80;
  return text.substr(0, kLongest);
}

// The cases of one device.
class Collection {
 public:
  Collection(std::string device, const Source& source, const ImportOptions& options)
      : device_(std::move(device)), source_(source), options_(options) {}

  void add(const Row& row) {
    if (!kind_) kind_ = row.kind;
    if (!row.left_out.empty()) return leave_out(row.left_out, row.place);
    const auto usable = [](double ns) { return ns > 0 && std::isfinite(ns); };
    if (row.ns.empty() || !std::ranges::all_of(row.ns, usable)) return leave_out(published::kNoTime, row.place);
    CaseRecord record;
    try {
      record = record_of(row);
    } catch (const CaseError& error) {
      return leave_out("no case of ours", fmt::format("{}: {}", row.place, error.what()));
    }
    const auto [known, is_new] = index_.try_emplace(record.text, cases_.size());
    if (is_new) {
      record.implementation = row.implementation;
      auto& round = record.rounds.emplace_back();
      round.started = options_.date;
      round.samples_ns = row.ns;
      cases_.push_back(std::move(record));
      names_.push_back(row.name);
    } else if (names_[known->second] == row.name) {
      auto& samples = cases_[known->second].rounds.front().samples_ns;
      samples.insert(samples.end(), row.ns.begin(), row.ns.end());
    } else {
      leave_out("the same case as an earlier row", row.place);
    }
  }

  bool empty() const { return cases_.empty(); }
  const std::vector<LeftOut>& left_out() const { return left_out_; }

  ImportedDevice finish(ImportFormat format, const std::string& path) && {
    ResultFile file;
    file.name =
        fmt::format("{}-{}", for_file_name(std::filesystem::path(path).stem().string()), for_file_name(device_));
    file.version = WHYGPU_VERSION;
    file.imported = {std::string(name_of(format)), options_.source, options_.date,
                     std::filesystem::path(path).filename().string()};
    file.context.date = options_.date;
    file.context.host_name = source_.host;
    file.context.executable = "whygpu import";
    file.run.command = options_.command;
    file.run.sample_seconds = 0;
    file.run.seed = 0;
    file.run.started = file.run.finished = options_.date;
    file.environment.host = source_.host;
    file.environment.cpus_online = file.environment.cpus_usable = 1;  // the least that a file may say; unknown
    const auto kind = options_.kind.value_or(kind_.value_or(RecordedDevice::other));
    if (kind == RecordedDevice::cpu) file.environment.cpu_model = device_;
    for (const auto& record : cases_) {
      if (file.backend(record.backend)) continue;
      file.backends.push_back({record.backend, source_.version, "", {}, DeviceRecord{kind, device_, 0, 0, {}}});
    }
    file.cases = std::move(cases_);
    return {device_, std::move(file), std::move(left_out_)};
  }

 private:
  void leave_out(const std::string& reason, const std::string& example) {
    auto found = std::ranges::find(left_out_, reason, &LeftOut::reason);
    if (found == left_out_.end()) found = left_out_.insert(found, {reason, 0, example});
    ++found->rows;
  }

  CaseRecord record_of(const Row& row) const {
    if (row.record) {
      CaseRecord record = *row.record;
      record.backend = record.values["backend"] = source_.backend;
      record.text = fmt::format("{} backend={}", record.problem, record.backend);
      return record;
    }
    Case c = parse_case(row.case_line);
    if (c["backend"].empty()) c = c.with("backend", source_.backend);
    const Work work = find_workload(c.workload).work(c);
    CaseRecord record;
    record.text = c.text();
    record.problem = c.problem();
    record.workload = c.workload;
    record.backend = c["backend"];
    record.values = {c.values.begin(), c.values.end()};
    record.flops = work.flops;
    record.bytes = work.bytes;
    return record;
  }

  std::string device_;
  const Source& source_;
  const ImportOptions& options_;
  std::optional<RecordedDevice> kind_;
  std::map<std::string, std::size_t> index_;  // by case
  std::vector<CaseRecord> cases_;
  std::vector<std::string> names_;  // of the rows of the cases
  std::vector<LeftOut> left_out_;
};

std::vector<std::string> devices_of(const Source& source) {
  std::vector<std::string> devices;
  std::map<std::string, bool> seen;
  for (const auto& row : source.rows) {
    if (!row.device.empty() && seen.emplace(row.device, true).second) devices.push_back(row.device);
  }
  return devices;
}

// The devices to import: those named, or the only one that --device names.
std::vector<std::string> wanted_devices(const Source& source, ImportFormat format, const std::string& path,
                                        const ImportOptions& options) {
  auto devices = devices_of(source);
  if (devices.empty() && options.device.empty()) {
    throw ImportError(fmt::format("{}: {} names no device; --device NAME is needed", path, name_of(format)));
  }
  if (devices.empty()) return {options.device};
  if (!options.device.empty()) {
    if (std::ranges::find(devices, options.device) == devices.end()) {
      throw ImportError(
          fmt::format("{}: no device \"{}\"; {}", path, options.device, suggest(options.device, devices)));
    }
    return {options.device};
  }
  if (devices.size() > kMostDevices) {
    throw ImportError(fmt::format("{}: names {} devices; accepted: at most {}, or one with --device", path,
                                  devices.size(), kMostDevices));
  }
  return devices;
}

std::string nothing_imported(const std::string& path, const std::vector<Collection>& collections) {
  for (const auto& collection : collections) {
    for (const auto& [reason, rows, example] : collection.left_out()) {
      return fmt::format("{}: no row is a case; the first: {} ({})", path, reason, example);
    }
  }
  return fmt::format("{}: holds no results", path);
}

}  // namespace

void check_import(const ImportOptions& options) {
  if (options.source.find_first_not_of(" \t") == std::string::npos) {
    throw ImportError("--source is empty; expected a URL, or words that say where the figures come from");
  }
  if (!is_date(options.date)) {
    throw ImportError(fmt::format("--date {}: not a date; expected YYYY-MM-DD, such as 2017-06-28", options.date));
  }
  try {
    if (!options.dtype.empty()) parse_case("gemm m=1 n=1 k=1 dtype=" + options.dtype);
  } catch (const CaseError& error) {
    throw ImportError(fmt::format("--{}", error.what()));
  }
  const published::NameMapping names(options);
}

ImportedFile import_published(std::string_view text, const std::string& path, const ImportOptions& options) {
  check_import(options);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // byte order mark
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw ImportError(fmt::format("{}: empty; expected published results as {}", path, format_list()));
  }
  if (text.size() > kLargestImportBytes) {
    throw ImportError(fmt::format("{}: {} bytes; accepted: at most {}", path, text.size(), kLargestImportBytes));
  }
  const auto format = options.format ? options.format : recognise(text);
  if (!format) {
    throw ImportError(fmt::format("{}: not recognised by its contents; accepted: {} (--format)", path, format_list()));
  }
  Source source;
  try {
    source = read(*format, {text, path, options});
  } catch (const CsvError& error) {
    throw ImportError(error.what());
  }
  std::vector<Collection> collections;
  std::map<std::string, std::size_t> index;
  for (const auto& device : wanted_devices(source, *format, path, options)) {
    index.emplace(device, collections.size());
    collections.emplace_back(device, source, options);
  }
  const bool named = !devices_of(source).empty();
  for (auto& row : source.rows) {
    if (named && row.device.empty()) row.left_out = "no device";
    const auto found = index.find(row.device);
    if (found != index.end() || row.device.empty()) collections[found == index.end() ? 0 : found->second].add(row);
  }
  ImportedFile imported{*format, {}};
  for (auto& collection : collections) {
    if (!collection.empty()) imported.devices.push_back(std::move(collection).finish(*format, path));
  }
  if (imported.devices.empty()) throw ImportError(nothing_imported(path, collections));
  return imported;
}

}  // namespace whygpu
