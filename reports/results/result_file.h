// A result file as plain structs. Field by field, with units: reports/README.md; formally: result.schema.json.
//
// Strings come from outside (host, library and kernel names, reasons). They are valid UTF-8 and nothing more: whoever
// prints them escapes them for the place where they go.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace whygpu {

// The newest result schema that this build reads.
inline constexpr int kResultSchema = 1;

// A file that cannot be taken; what() is one line: the file, where in it, and what would be accepted.
class ResultFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using TextFacts = std::map<std::string, std::string>;

enum class Outcome : std::uint8_t { ok, incorrect, unsupported, failed };
std::string_view outcome_name(Outcome outcome);

// One visit of one worker process to one case. Times are nanoseconds for one operation unless they say otherwise.
struct RoundRecord {
  int round = 1;
  std::string started;
  std::int64_t batch = 1;  // operations that one sample averages over
  std::vector<double> samples_ns;
  double cpu_ns = 0;
  double prepare_ns = 0;  // once
  double verify_ns = 0;   // once
  double warmup_ns = 0;   // in all
  bool steady = true;
  std::int64_t discarded = 0;
  std::string disturbance;
  std::map<std::string, double> details;  // facts beyond time, such as energy_joules_per_op
};

struct CaseRecord {
  std::string text;     // the line that reproduces it
  std::string problem;  // the same without backend and variant
  std::string workload;
  std::string backend;
  TextFacts values;  // every parameter
  Outcome outcome = Outcome::ok;
  std::string reason;  // why not ok
  bool settled = true;
  std::string implementation;  // what really ran
  double flops = 0;
  double bytes = 0;
  double set_bytes = 0;
  std::vector<RoundRecord> rounds;  // at least one when ok

  // The value of a parameter; empty when the workload has no such parameter.
  std::string value(const std::string& key) const;
  std::string variant() const { return value("variant"); }
};

struct DeviceRecord {
  std::string kind;  // "cpu", "cuda"
  std::string name;
  double memory_bytes = 0;
  double cache_bytes = 0;
  TextFacts facts;
};

struct BackendRecord {
  std::string name;
  std::string version;  // empty when it did not load
  std::string reason;   // why it did not load
  TextFacts facts;
  std::optional<DeviceRecord> device;
};

struct FindingRecord {
  bool serious = false;
  std::string what;
  std::string remedy;
};

// A measured peak of a device.
struct CeilingRecord {
  std::string device;
  std::string kind;   // "flops" or "bandwidth"
  std::string dtype;  // of "flops"
  std::string level;  // of "bandwidth": a cache level or memory
  double value = 0;
  std::string unit;
  std::string how;
  int visits = 1;
  std::optional<int> undisturbed =
      std::nullopt;  // of these visits, those that other work on the machine did not hold down
};

struct EnvironmentRecord {
  std::string host;
  std::string kernel;
  std::string os;
  std::string virtualization;
  std::string cpu_model;
  std::string microcode;
  std::string governor;
  int cpus_online = 0;
  int cpus_usable = 0;
  std::optional<double> cpu_quota;
  std::optional<bool> smt;
  std::vector<std::string> isa;
  double memory_bytes = 0;
  std::optional<double> steal_fraction;
  TextFacts variables;
  TextFacts build;
};

struct RunRecord {
  std::vector<std::string> command;
  std::string sweep;
  std::string started;
  std::string finished;  // empty when it did not
  int threads = 1;
  std::optional<int> rounds;
  double sample_seconds = 0;
  double budget_seconds = 0;
};

struct ResultFile {
  std::string name;  // the file's name without folder and extension
  std::string version;
  bool complete = true;
  RunRecord run;
  EnvironmentRecord environment;
  std::vector<FindingRecord> findings;
  std::vector<BackendRecord> backends;
  std::vector<CaseRecord> cases;  // in the order of the run's sweep
  std::vector<CeilingRecord> ceilings;

  const BackendRecord* backend(std::string_view backend_name) const;  // null when not in the file
};

// Both throw ResultFileError.
ResultFile load_result_file(const std::filesystem::path& path);
ResultFile parse_result_file(std::string_view json_text, std::string_view file_name);

}  // namespace whygpu
