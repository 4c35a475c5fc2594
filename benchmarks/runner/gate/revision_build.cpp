#include "benchmarks/runner/gate/revision_build.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "benchmarks/runner/child_process.h"
#include "benchmarks/runner/gate/builds.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The most useful line of a build's output: the first that mentions an error.
std::string first_error(const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error") != std::string::npos || line.find("Error") != std::string::npos) return line;
  }
  return first_line(output);
}

// A file lock, held for the lifetime of this object; waits if another process holds it.
class FileLock {
 public:
  explicit FileLock(const fs::path& file) : fd_(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (fd_ < 0 || flock(fd_, LOCK_EX) != 0) throw BuildError("cannot lock " + file.string());
  }
  ~FileLock() { close(fd_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

// A separate work tree at the revision, without files left by an earlier revision.
void check_out(const std::string& revision, const fs::path& repository, const fs::path& source) {
  run_program({"git", "worktree", "prune"}, repository);
  const auto checkout =
      fs::exists(source / ".git")
          ? run_program({"git", "checkout", "--quiet", "--force", "--detach", revision}, source)
          : run_program({"git", "worktree", "add", "--quiet", "--force", "--detach", source.string(), revision},
                        repository);
  if (checkout.status != 0) {
    throw BuildError(
        fmt::format("revision {}: cannot check it out: {}", revision.substr(0, 12), first_line(checkout.errors)));
  }
  run_program({"git", "clean", "-fdxq"}, source);
}

}  // namespace

fs::path build_cache() {
  if (const char* cache = std::getenv("WHYGPU_CACHE")) return cache;
  if (const char* cache = std::getenv("XDG_CACHE_HOME")) return fs::path(cache) / "whygpu";
  const char* home = std::getenv("HOME");
  if (home == nullptr) throw BuildError("no cache folder for built revisions: set WHYGPU_CACHE or HOME");
  return fs::path(home) / ".cache/whygpu";
}

std::string resolve_revision(const std::string& name, const fs::path& folder) {
  const auto parsed =
      run_program({"git", "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"}, folder);
  if (parsed.status != 0) {
    throw BuildError(fmt::format("\"{}\" is not a directory, an archive or a git revision", name));
  }
  return first_line(parsed.output);
}

fs::path build_revision(const std::string& revision, const fs::path& repository,
                        const std::vector<std::string>& cmake_options,
                        const std::function<void(const std::string&)>& say) {
  const auto git_folder = run_program({"git", "rev-parse", "--path-format=absolute", "--git-common-dir"}, repository);
  std::string key = first_line(git_folder.output);
  for (const auto& option : cmake_options) key += "\n" + option;
  const fs::path cache = build_cache() / fmt::format("{:016x}", std::hash<std::string>{}(key));
  fs::create_directories(cache);
  const FileLock lock(cache / "lock");
  const fs::path kept = cache / revision;
  if (fs::is_directory(kept)) return kept / "bin";

  const fs::path source = cache / "source", build = cache / "build", log = cache / (revision + ".log");
  check_out(revision, repository, source);
  fs::remove_all(build / "bin");
  std::vector<std::string> configure = {"cmake",
                                        "-G",
                                        "Ninja",
                                        "-S",
                                        source.string(),
                                        "-B",
                                        build.string(),
                                        "-DCMAKE_BUILD_TYPE=Release",
                                        "-DBUILD_TESTING=OFF",
                                        "-DCMAKE_UNITY_BUILD=ON"};
  configure.insert(configure.end(), cmake_options.begin(), cmake_options.end());
  const std::string cpus = std::to_string(std::max(1U, std::thread::hardware_concurrency()));
  for (const auto& words : {configure, {"cmake", "--build", build.string(), "--parallel", cpus}}) {
    const auto step = run_program(words, ".", [&](const std::string& line) {
      say(fmt::format("building revision {}: {}", revision.substr(0, 12), line));
    });
    std::ofstream(log) << step.output << step.errors;
    if (step.status != 0) {
      throw BuildError(fmt::format("revision {} does not build: {}; see {}", revision.substr(0, 12),
                                   first_error(step.errors + step.output), log.string()));
    }
  }
  if (!fs::is_directory(build / "bin/backends")) {
    throw BuildError(fmt::format("revision {} builds, but has no bin/backends/", revision.substr(0, 12)));
  }
  // Renamed as a whole, so that a killed process leaves no partial build.
  const fs::path unfinished = cache / (revision + ".unfinished");
  fs::remove_all(unfinished);
  fs::create_directories(unfinished);
  fs::copy(build / "bin", unfinished / "bin", fs::copy_options::recursive);
  fs::rename(unfinished, kept);
  return kept / "bin";
}

}  // namespace whygpu
