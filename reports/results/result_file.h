// A result file: the records of one run, and the document that holds them.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/codec.h"
#include "reports/results/network_records.h"
#include "reports/results/records.h"

namespace whygpu {

// The result schema that this build writes, and the newest that it reads.
inline constexpr int kResultSchema = 1;

struct ResultFile {
  std::string name;  // the file's name without folder and extension
  std::string version;
  bool complete = true;                  // false: interrupted
  std::optional<ImportRecord> imported;  // set: published by others; shown, and compared with nothing
  ContextRecord context;
  RunRecord run;
  EnvironmentRecord environment;
  std::vector<FindingRecord> findings;
  std::vector<BackendRecord> backends;
  std::vector<CeilingRecord> ceilings;
  std::vector<MeterRecord> meters;
  std::vector<CaseRecord> cases;        // in the order of the run's sweep
  std::vector<NetworkRecord> networks;  // whose operators the cases measure

  const BackendRecord* backend(std::string_view backend_name) const;  // null when not in the file
  const DeviceRecord* device_of(const CaseRecord& record) const;      // null when its backend named none
  bool ran_on_cpu(const CaseRecord& record) const;                    // by a CPU backend
  bool ran_on_cpu_opencl(const CaseRecord& record) const;             // by an OpenCL backend, on the CPU
};

// Throws ResultFileError if the file's figures were published by others. `purpose`: what would have used them.
void refuse_imported(const ResultFile& file, std::string_view purpose);

// Both throw ResultFileError.
ResultFile load_result_file(const std::filesystem::path& path);
ResultFile parse_result_file(std::string_view json_text, std::string_view file_name);

// The whole document: valid Google Benchmark JSON in which each ok case is a family of one row, with the
// facts of the run under the key "whygpu".
nlohmann::json document_of(const ResultFile& file);

// The document as `whygpu run` writes it.
std::string text_of(const ResultFile& file);

}  // namespace whygpu
