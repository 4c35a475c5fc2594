#include "benchmarks/runner/result_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "reports/results/statistics.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

double median_of(const json& rounds, const char* key) {
  std::vector<double> values;
  for (const auto& round : rounds) values.push_back(round.at(key));
  return median(values);
}

// A row in Google Benchmark's format. Tools that average rows by family see each case as its own family.
json benchmark_row(const CaseResult& result, const RunSettings& settings, int family) {
  const double real_ns = median(result.round_medians_ns);
  std::int64_t iterations = 0;
  for (const auto& round : result.rounds) {
    iterations += round.at("batch").get<std::int64_t>() * static_cast<std::int64_t>(round.at("samples_ns").size());
  }
  const std::string name = result.c.text();
  json row = {{"name", name},
              {"family_index", family},
              {"per_family_instance_index", 0},
              {"run_name", name},
              {"run_type", "iteration"},
              {"repetitions", 1},
              {"repetition_index", 0},
              {"threads", settings.threads},
              {"iterations", iterations},
              {"real_time", real_ns},
              {"cpu_time", median_of(result.rounds, "cpu_ns")},
              {"time_unit", "ns"}};
  if (result.flops > 0) {
    row["items_per_second"] = 1e9 * result.flops / real_ns;
  } else if (result.bytes > 0) {
    row["bytes_per_second"] = 1e9 * result.bytes / real_ns;
  }
  return row;
}

json case_json(const CaseResult& result) {
  json values = json::object();
  for (const auto& [key, value] : result.c.values) values[key] = value;
  json object = {{"case", result.c.text()},
                 {"problem", result.c.problem()},
                 {"workload", result.c.workload},
                 {"backend", result.c["backend"]},
                 {"values", values},
                 {"status", name_of(result.status)},
                 {"flops", result.flops},
                 {"bytes", result.bytes},
                 {"rounds", result.rounds}};
  if (!result.reason.empty()) object["reason"] = result.reason;
  if (!result.implementation.empty()) object["implementation"] = result.implementation;
  if (result.set_bytes > 0) object["set_bytes"] = result.set_bytes;
  if (result.status == Status::ok) object["settled"] = result.settled();
  return object;
}

}  // namespace

json result_json(const RunState& state, const RunSettings& settings, const RunFacts& facts) {
  json rows = json::array(), cases = json::array();
  for (const auto& result : state.results()) {
    const bool not_reached = result.status == Status::ok && result.rounds.empty();
    if (not_reached) {
      CaseResult waiting = result;
      waiting.status = Status::failed;
      waiting.reason = "not reached: the run was interrupted";
      cases.push_back(case_json(waiting));
      continue;
    }
    cases.push_back(case_json(result));
    if (result.status == Status::ok) rows.push_back(benchmark_row(result, settings, static_cast<int>(rows.size())));
  }
  json run = to_json(settings);
  run["started"] = facts.started;
  run["finished"] = facts.finished;
  return {{"context", facts.context},
          {"benchmarks", rows},
          {"whygpu",
           {{"schema", 1},
            {"version", WHYGPU_VERSION},
            {"complete", facts.complete},
            {"run", run},
            {"environment", facts.environment},
            {"findings", facts.findings},
            {"backends", facts.backends},
            {"ceilings", facts.ceilings},
            {"meters", facts.meters},
            {"cases", cases}}}};
}

void write_atomically(const fs::path& file, const std::string& text) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  const fs::path temporary = file.string() + ".part";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool good = fd >= 0;
  for (std::size_t done = 0; good && done < text.size();) {
    const auto written = write(fd, text.data() + done, text.size() - done);
    good = written > 0;
    if (good) done += static_cast<std::size_t>(written);
  }
  good = good && fsync(fd) == 0;
  const std::string reason = std::strerror(errno);
  if (fd >= 0) close(fd);
  if (!good) {
    unlink(temporary.c_str());
    throw std::runtime_error(fmt::format("{}: {}", file.string(), reason));
  }
  fs::rename(temporary, file);
}

}  // namespace whygpu
