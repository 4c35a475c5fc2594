#include "reports/results/result_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "reports/results/fields.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

using nlohmann::json;

// The object under the key "whygpu".
template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<ResultFile> file) {
  f.required("version", file.version);
  f.required("complete", file.complete);
  f.if_set("imported", file.imported);
  f.required("run", file.run);
  f.required("environment", file.environment);
  f.optional("findings", file.findings);
  f.required("backends", file.backends);
  f.required("cases", file.cases);
  f.optional("ceilings", file.ceilings);
  f.optional("meters", file.meters);
  f.if_set("networks", file.networks);
}

ResultFile result_of(const JsonNode& root, std::string_view file_name) {
  const auto whygpu = root.find("whygpu");
  if (!whygpu) root.fail("not a whygpu result file (no key \"whygpu\"); expected a file written by `whygpu run`");
  const auto schema = (*whygpu)["schema"].integer_from(1);
  if (schema > kResultSchema) {
    whygpu->fail("schema " + std::to_string(schema) + " is newer than this build, which reads schemas up to " +
                 std::to_string(kResultSchema) + "; a newer whygpu is needed");
  }
  ResultFile result;
  result.name = std::filesystem::path(file_name).stem().string();
  FieldReader fields(*whygpu);
  list_fields(fields, result);
  FieldReader(root).optional("context", result.context);
  return result;
}

// A case as Google Benchmark prints it, in a family of its own, since tools average rows by family.
json benchmark_row(const CaseRecord& record, int threads, std::size_t family) {
  std::vector<double> medians, cpu;
  double iterations = 0;
  for (const auto& round : record.rounds) {
    medians.push_back(median(round.samples_ns));
    cpu.push_back(round.cpu_ns);
    iterations += static_cast<double>(round.batch) * static_cast<double>(round.samples_ns.size());
  }
  const auto whole = static_cast<std::int64_t>(std::min(iterations, 9e18));
  const double real_ns = median(medians);
  json row = {{"name", record.text},     {"family_index", family},  {"per_family_instance_index", 0},
              {"run_name", record.text}, {"run_type", "iteration"}, {"repetitions", 1},
              {"repetition_index", 0},   {"threads", threads},      {"iterations", whole},
              {"real_time", real_ns},    {"cpu_time", median(cpu)}, {"time_unit", "ns"}};
  if (record.flops > 0) {
    row["items_per_second"] = 1e9 * record.flops / real_ns;
  } else if (record.bytes > 0) {
    row["bytes_per_second"] = 1e9 * record.bytes / real_ns;
  }
  return row;
}

}  // namespace

const BackendRecord* ResultFile::backend(std::string_view backend_name) const {
  for (const auto& backend : backends) {
    if (backend.name == backend_name) return &backend;
  }
  return nullptr;
}

const DeviceRecord* ResultFile::device_of(const CaseRecord& record) const {
  const auto* used = backend(record.backend);
  return used && used->device ? &*used->device : nullptr;
}

bool ResultFile::ran_on_cpu(const CaseRecord& record) const {
  const auto* device = device_of(record);
  return device != nullptr && device->kind == RecordedDevice::cpu;
}

bool ResultFile::ran_on_cpu_opencl(const CaseRecord& record) const {
  const auto* device = device_of(record);
  return device != nullptr && device->kind == RecordedDevice::cpu_opencl;
}

void refuse_imported(const ResultFile& file, std::string_view purpose) {
  if (!file.imported) return;
  throw ResultFileError(file.name + ": published by others (" + file.imported->source + ", " + file.imported->date +
                        "), not measured here; " + std::string(purpose) + " accepts result files of `whygpu run`");
}

json document_of(const ResultFile& file) {
  auto rows = json::array();
  for (const auto& record : file.cases) {
    if (record.status == Status::ok) rows.push_back(benchmark_row(record, file.run.threads, rows.size()));
  }
  FieldWriter fields;
  fields.required("schema", kResultSchema);
  list_fields(fields, file);
  return {{"context", encode(file.context)}, {"benchmarks", std::move(rows)}, {"whygpu", fields.take()}};
}

std::string text_of(const ResultFile& file) {
  return document_of(file).dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

ResultFile parse_result_file(std::string_view json_text, std::string_view file_name) {
  const JsonNode::Complain complain = [&](const std::string& complaint) {
    throw ResultFileError(std::string(file_name) + ": " + complaint);
  };
  if (json_text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    complain("empty file; expected a result file of `whygpu run`");
  }
  json document;
  try {
    document = json::parse(json_text);
  } catch (const json::parse_error& error) {
    complain(error.byte > json_text.size()
                 ? "truncated: the JSON ends after " + std::to_string(json_text.size()) +
                       " bytes; expected a complete file"
                 : "not JSON at byte " + std::to_string(error.byte) + "; expected a result file of `whygpu run`");
  } catch (const json::exception&) {
    complain("a number is too large for double precision; expected a result file of `whygpu run`");
  }
  return result_of(JsonNode(document, complain), file_name);
}

ResultFile load_result_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    const std::string why = file ? "is a directory" : std::strerror(errno);
    throw ResultFileError(path.string() + ": cannot be read: " + why + "; expected a result file of `whygpu run`");
  }
  std::string text;
  for (char block[1 << 16]; file.read(block, sizeof block), file.gcount() > 0;) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
  }
  return parse_result_file(text, path.string());
}

}  // namespace whygpu
