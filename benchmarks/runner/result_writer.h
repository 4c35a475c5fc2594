// From the state of a run to its result file.
#pragma once

#include <filesystem>
#include <string>

#include "benchmarks/runner/run_state.h"
#include "reports/results/result_file.h"

namespace whygpu {

// `facts` with the cases of the run and this build's version. Cases that were not reached have failed.
ResultFile result_file(const RunState& state, ResultFile facts);

// Replaces `file` in one step, or throws std::runtime_error and leaves it as it was.
void write_atomically(const std::filesystem::path& file, const std::string& text);

}  // namespace whygpu
