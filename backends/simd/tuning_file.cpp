#include "backends/simd/tuning_file.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "backends/devices/cpu_model.h"
#include "backends/simd/blocking.h"
#include "whygpu/version.h"

namespace whygpu::simd {
namespace {

namespace fs = std::filesystem;

TuningFile& current() {
  static TuningFile file({}, {});
  return file;
}

std::string cache_folder() {
  if (const char* cache = std::getenv("WHYGPU_CACHE")) return cache;
  if (const char* cache = std::getenv("XDG_CACHE_HOME")) return std::string(cache) + "/whygpu";
  const char* home = std::getenv("HOME");
  return home != nullptr ? std::string(home) + "/.cache/whygpu" : "";
}

std::string start_of(std::string_view machine, std::string_view choice) {
  return std::string(machine) + '\t' + std::string(choice) + '\t';
}

}  // namespace

std::optional<std::string> TuningFile::find(std::string_view choice) const {
  const std::string start = start_of(machine_, choice);
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(start)) return line.substr(start.size());
  }
  return std::nullopt;
}

// Renamed when complete: another process reads the old file or the new one.
void TuningFile::keep(std::string_view choice, std::string_view value) const {
  if (path_.empty()) return;
  const std::string start = start_of(machine_, choice), temporary = path_ + "." + std::to_string(getpid());
  std::error_code ignored;
  fs::create_directories(fs::path(path_).parent_path(), ignored);
  {
    std::ifstream before(path_);
    std::ofstream after(temporary);
    for (std::string line; std::getline(before, line);) {
      if (!line.starts_with(start)) after << line << '\n';
    }
    after << start << value << '\n';
    after.close();
    if (after) fs::rename(temporary, path_, ignored);
  }
  fs::remove(temporary, ignored);
}

const TuningFile& tuning_file() { return current(); }
void use_tuning_file(TuningFile file) { current() = std::move(file); }

TuningFile users_tuning_file() {
  const std::string folder = cache_folder();
  std::ifstream cpuinfo("/proc/cpuinfo");
  const std::string machine =
      cpu_model(cpuinfo).name + ", L2 " + std::to_string(caches().l2 >> 10) + " KiB, whygpu " + std::string(kVersion);
  return {folder.empty() ? "" : folder + "/simd-tuning", machine};
}

}  // namespace whygpu::simd
