// Fake builds for tests: a folder with a worker that measures nothing and reports given results.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "benchmarks/machine/temporary_folder.h"

namespace whygpu {

inline void write_file(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }

// A folder with the worker `gemm`, which reports `nanoseconds` for every case, and the module `backends/fake.so`.
inline std::filesystem::path make_fake_build(const std::filesystem::path& folder, int nanoseconds,
                                             const std::string& module_text = "code") {
  namespace fs = std::filesystem;
  fs::create_directories(folder / "backends");
  fs::copy_file(fs::path(WHYGPU_SOURCE_DIR) / "benchmarks/runner/gate/fake_worker.sh", folder / "gemm");
  write_file(folder / "nanoseconds", std::to_string(nanoseconds));
  write_file(folder / "backends/fake.so", module_text);
  return folder;
}

}  // namespace whygpu
