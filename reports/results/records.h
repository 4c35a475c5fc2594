// The records of a result file as plain structs. Fields and units: reports/README.md; schema:
// result.schema.json; JSON: codec.h.
//
// Strings are untrusted (host, library and kernel names, reasons): valid UTF-8 and nothing more. Escape them for the
// output that they are printed to.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/names.h"

namespace whygpu {

using TextFacts = std::map<std::string, std::string>;

// suspect: correct and timed, but the times cannot be true; they are shown, and compared with nothing.
enum class Status : std::uint8_t { ok, incorrect, unsupported, failed, suspect };
constexpr auto enum_names(Status) {
  return std::array<std::string_view, 5>{"ok", "incorrect", "unsupported", "failed", "suspect"};
}

// One measurement of a case by one worker process. Times are in nanoseconds per operation unless noted.
struct RoundRecord {
  int round = 1;
  std::string started;
  std::int64_t batch = 1;  // operations per sample
  std::vector<double> samples_ns;
  double cpu_ns = 0;
  double prepare_ns = 0;  // once
  double verify_ns = 0;   // once
  double warmup_ns = 0;   // in total
  bool steady = true;
  std::int64_t discarded = 0;
  std::string disturbance;
  std::string lost_meters;                // which meters failed during the energy pass, and how
  std::map<std::string, double> details;  // other values, such as energy_joules_per_op
};

// Which time is taken. kernel: operands lie on the device, and launch latency stays out where the device can keep it
// out. once: operands are uploaded, `reuse` operations run, the result is fetched. always: that around every operation.
enum class Offload : std::uint8_t { kernel, once, always };
constexpr auto enum_names(Offload) { return std::array<std::string_view, 3>{"kernel", "once", "always"}; }

// Workloads that reports treat in ways of their own. There may be others.
inline constexpr std::string_view kConvolution = "convolution", kMemory = "memory", kTrainingStep = "training_step",
                                  kInference = "inference";

// How the reason of a case begins that could have been measured: a backend left it out by choice, or the run ended.
inline constexpr std::string_view kSkipped = "skipped: ", kNotReached = "not reached: ";

// One of the processes that measured a case together.
struct RankRecord {
  std::string host;
  std::string device;
  std::string cpus;  // that it may use: "0-3"; empty: unknown
};

struct CaseRecord {
  std::string text;     // the line that reproduces it
  std::string problem;  // the same without backend and variant
  std::string workload;
  std::string backend;
  TextFacts values;  // all parameters
  Status status = Status::ok;
  std::string reason;  // why not ok
  bool settled = true;
  std::string implementation;  // what actually ran
  double flops = 0;
  double bytes = 0;
  double set_bytes = 0;
  std::vector<RankRecord> ranks;    // by rank, of a case that several measured
  std::vector<RoundRecord> rounds;  // at least one when ok

  // The value of a parameter; empty when the workload has no such parameter.
  std::string value(const std::string& key) const;
  std::string variant() const { return value("variant"); }
  std::optional<Offload> offload() const { return value_named<Offload>(value("offload")); }
  bool timed() const { return status == Status::ok || status == Status::suspect; }
  bool is_cold() const { return value("mode") == "cold"; }
};

// As recorded; newer versions may write other kinds. cpu_opencl is an OpenCL device that is a CPU, such as PoCL's: it
// checks the code of OpenCL backends, and is neither a GPU nor a rival of the CPU backends.
enum class RecordedDevice : std::uint8_t { cpu, cuda, opencl, cpu_opencl, other };
constexpr auto enum_names(RecordedDevice) {
  return std::array<std::string_view, 5>{"cpu", "cuda", "opencl", "cpu-opencl", "other"};
}

struct DeviceRecord {
  OpenEnum<RecordedDevice> kind;
  std::string name;
  std::uint64_t memory_bytes = 0;
  std::uint64_t cache_bytes = 0;
  TextFacts facts;
};

struct BackendRecord {
  std::string name = {};
  std::string version = {};  // empty when it did not load
  std::string reason = {};   // why it did not load
  TextFacts facts = {};
  std::optional<DeviceRecord> device = {};
  bool crashed = false;  // a signal ended its first worker, or it did not answer

  bool usable() const { return device.has_value(); }
  bool on_cpu_opencl() const { return device && device->kind == RecordedDevice::cpu_opencl; }
  bool on_accelerator() const { return queues_work() && !on_cpu_opencl(); }

  // The host waits for results; operands may have to be copied.
  bool queues_work() const { return device && device->kind != RecordedDevice::cpu; }

  // The value of one fact; empty when there is none.
  std::string fact(const std::string& key) const;
};

struct FindingRecord {
  bool serious = false;
  std::string what;
  std::string remedy;
};

enum class CeilingKind : std::uint8_t { flops, bandwidth, transfer, clock, latency, other };
constexpr auto enum_names(CeilingKind) {
  return std::array<std::string_view, 6>{"flops", "bandwidth", "transfer", "clock", "latency", "other"};
}

// A measured peak of a device.
struct CeilingRecord {
  std::string device;
  OpenEnum<CeilingKind> kind;
  std::string dtype;  // of flops
  std::string
      level;  // of bandwidth: L1, L2, L3, memory; transfer: to_device, to_host, both_ways; latency: launch, replay
  double value = 0;
  std::string unit;                               // FLOP/s, OP/s, B/s, Hz or s
  std::string how;                                // what ran: kernel, instruction, threads
  int visits = 1;                                 // number of measurements
  std::optional<int> undisturbed = std::nullopt;  // of them, those not slowed by other load
  // Arithmetic after half a second of load, when clocks have settled at the power limit; `value` is the best sample.
  std::optional<double> sustained = std::nullopt;
};

// An energy source: a meter, or the reason why it is not usable.
struct MeterRecord {
  std::string source;
  bool usable = false;
  std::string name, scope, how;  // when usable
  std::string reason;            // when not usable
};

struct CacheRecord {
  std::string type;  // Data, Instruction, Unified
  int level = 0;
  std::uint64_t bytes = 0;
  int sharing = 1;  // CPUs that share it
};

// Strings and lists are empty when unknown.
struct EnvironmentRecord {
  std::string host;
  std::string kernel;
  std::string os;
  std::string virtualization;
  std::string cpu_model;
  std::string cpu_vendor;
  std::string microcode;
  std::string governor;
  int cpus_online = 0;
  int cpus_usable = 0;
  std::optional<double> cpu_quota;
  std::optional<bool> turbo;
  std::optional<bool> smt;
  std::optional<double> mhz;
  std::vector<std::string> isa;
  std::uint64_t memory_bytes = 0;
  std::vector<CacheRecord> caches;
  std::vector<double> load;  // averages over one, five and fifteen minutes
  std::optional<double> steal_fraction;
  TextFacts variables;
  TextFacts build;
};

// The context of Google Benchmark, for tools that read its files.
struct ContextRecord {
  std::string date;
  std::string host_name;
  std::string executable;
  int cpus = 1;
  double mhz_per_cpu = 0;
  bool cpu_scaling_enabled = false;
  std::vector<CacheRecord> caches;
  std::vector<double> load;
  std::string library_build_type = "release";
};

// Where the figures of an imported file come from: published by others, not measured here, answers not checked.
struct ImportRecord {
  std::string format;  // such as "deepbench", as `whygpu import --format` names it
  std::string source;  // a URL, or words
  std::string date;    // of the publication, YYYY-MM-DD
  std::string file;    // that was read
};

struct RunSettings {
  std::vector<std::string> command;  // as typed
  std::string sweep;                 // its name, or the cases as typed
  int threads = 1;                   // of each rank
  std::string launcher;              // that starts the ranks of a case, with its options; empty: no case has several
  int device = 0;
  double sample_seconds = 0.05;  // sampling time of a case in one process
  double budget_seconds = 0;     // for the whole run, ceilings and checks included; 0: default
  bool every_case = false;       // at least one round for each case, even beyond the budget
  double precision = 0.01;       // a case is settled once the 95% interval of its median is within ± this fraction
  double timeout_seconds = 60;   // without output, after which a worker is considered hung
  std::optional<int> rounds;     // fixed number; else until settled or out of budget
  bool energy = false;           // read the energy meters in each case's first round
  bool audit = false;            // check the result of every sample
  std::uint64_t seed = 1;        // of the inputs and of the order
};

struct RunRecord : RunSettings {
  std::string started;
  std::string finished;  // empty when unfinished
};

}  // namespace whygpu
