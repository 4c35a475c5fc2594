// Writes the result file: facts only, valid Google Benchmark JSON with more keys (reports/results/result.schema.json).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "benchmarks/runner/run_state.h"

namespace whygpu {

struct RunFacts {
  std::string started, finished;
  bool complete = true;  // false: interrupted
  nlohmann::json context, environment, findings = nlohmann::json::array(), backends = nlohmann::json::array();
  nlohmann::json ceilings = nlohmann::json::array(), meters = nlohmann::json::array();
};

nlohmann::json result_json(const RunState& state, const RunSettings& settings, const RunFacts& facts);

// Replaces `file` in one step, or throws std::runtime_error and leaves it as it was.
void write_atomically(const std::filesystem::path& file, const std::string& text);

}  // namespace whygpu
