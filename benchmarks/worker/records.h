// What a worker tells its runner: one JSON object a line, each written whole.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "benchmarks/worker/measurement.h"
#include "whygpu/backend.h"

namespace whygpu {

nlohmann::json to_json(const Facts& facts);
nlohmann::json to_json(const Round& round);

// Name, version, facts and device of a loaded backend, as in the result file.
nlohmann::json describe_backend(std::string_view name, Backend& backend);

// Seconds since the epoch in UTC, as 2026-01-31T12:00:00.123Z.
std::string utc_now();

class RecordWriter {
 public:
  RecordWriter() = default;                              // tells nobody
  explicit RecordWriter(const std::string& fd_or_path);  // throws std::runtime_error
  void write(const nlohmann::json& record);

 private:
  int fd_ = -1;
};

}  // namespace whygpu
