// What a worker tells its runner: one JSON object a line, each written whole. The journal of a run keeps the same
// lines.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reports/results/records.h"
#include "whygpu/backend.h"

namespace whygpu {

// Whether the backend offers a probe case.
struct SupportRecord {
  std::string case_text;
  bool yes = false;
  std::string reason;  // why not
  std::vector<std::string> variants;
};

struct BeginRecord {
  std::string case_text;
};

struct EndRecord {
  std::string case_text;
  Status status = Status::ok;
  std::string reason;  // why not ok
  std::string implementation;
  double flops = 0, bytes = 0, set_bytes = 0;
  std::vector<RankRecord> ranks;     // if there are several
  std::optional<RoundRecord> round;  // of a case that is ok
};

using WorkerRecord = std::variant<BackendRecord, SupportRecord, BeginRecord, EndRecord>;

nlohmann::json encode_worker_record(const WorkerRecord& record);

// Nothing where the object is no record of a worker. Throws ResultFileError on one that lacks something.
std::optional<WorkerRecord> decode_worker_record(const nlohmann::json& object);

// The same of a line, which need not be JSON.
std::optional<WorkerRecord> parse_worker_record(const std::string& line);

// Name, version, facts and device of a loaded backend.
BackendRecord describe_backend(std::string_view name, Backend& backend);

TextFacts text_facts(const Facts& facts);

// Now, in UTC, as 2026-01-31T12:00:00.123Z.
std::string utc_now();

class RecordWriter {
 public:
  RecordWriter() = default;                              // discards all records
  explicit RecordWriter(const std::string& fd_or_path);  // throws std::runtime_error
  void write(const WorkerRecord& record);

 private:
  int fd_ = -1;
};

}  // namespace whygpu
