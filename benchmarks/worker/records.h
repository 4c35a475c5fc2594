// Messages from a worker to its runner: one JSON object per line, each written as a whole.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "benchmarks/worker/measurement.h"
#include "whygpu/backend.h"

namespace whygpu {

nlohmann::json to_json(const Facts& facts);
nlohmann::json to_json(const Round& round);

// Name, version, facts and device of a loaded backend, in the format of the result file.
nlohmann::json describe_backend(std::string_view name, Backend& backend);

// The current UTC time, as 2026-01-31T12:00:00.123Z.
std::string utc_now();

class RecordWriter {
 public:
  RecordWriter() = default;                              // discards all records
  explicit RecordWriter(const std::string& fd_or_path);  // throws std::runtime_error
  void write(const nlohmann::json& record);

 private:
  int fd_ = -1;
};

}  // namespace whygpu
