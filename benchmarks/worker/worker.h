// A worker: one process, one workload, exactly one backend, with Google Benchmark's command line.
#pragma once

#include <string_view>

namespace whygpu {

// Exit status: 0 every case was timed or is unsupported, 1 a case was incorrect or failed, 2 bad arguments or no
// backend.
int worker_main(std::string_view workload, int argc, char** argv);

}  // namespace whygpu
