#include "benchmarks/runner/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

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
