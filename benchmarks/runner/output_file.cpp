#include "benchmarks/runner/output_file.h"

#include <fmt/format.h>

#include <fstream>

#include "benchmarks/cases/case.h"

namespace whygpu {

namespace fs = std::filesystem;

void refuse_unwritable(const std::string& option, const fs::path& file) {
  if (fs::is_directory(file)) {
    throw CaseError(fmt::format("{} {}: is a folder; accepted: a file name, such as {}", option, file.string(),
                                (file / "run.json").string()));
  }
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path trial = file.string() + ".trial";
  if (!error && std::ofstream(trial)) {
    fs::remove(trial, error);
    return;
  }
  throw CaseError(fmt::format("{} {}: {} is not writable; accepted: a file in a writable folder", option, file.string(),
                              folder.string()));
}

}  // namespace whygpu
