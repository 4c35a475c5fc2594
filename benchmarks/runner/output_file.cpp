#include "benchmarks/runner/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "benchmarks/cases/case.h"

namespace whygpu {

namespace fs = std::filesystem;

namespace {

struct NewFile {
  int fd = -1;  // -1: not possible, see errno
  std::string path;
};

// Creates a file of a new name in the folder of `file`, with the permissions of an ordinary new file.
NewFile create_beside(const fs::path& file) {
  NewFile created{-1, file.string() + ".XXXXXX"};
  created.fd = mkostemp(created.path.data(), O_CLOEXEC);
  if (created.fd >= 0) {
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(created.fd, 0666 & ~mask);
  }
  return created;
}

}  // namespace

void refuse_unwritable(const std::string& option, const fs::path& file) {
  if (fs::is_directory(file)) {
    throw CaseError(fmt::format("{} {}: is a folder; accepted: a file name, such as {}", option, file.string(),
                                (file / "run.json").string()));
  }
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) {
    if (const NewFile trial = create_beside(file); trial.fd >= 0) {
      close(trial.fd);
      unlink(trial.path.c_str());
      return;
    }
  }
  throw CaseError(fmt::format("{} {}: {} is not writable; accepted: a file in a writable folder", option, file.string(),
                              folder.string()));
}

void write_atomically(const fs::path& file, const std::string& text) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  const auto [fd, temporary] = create_beside(file);
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
    if (fd >= 0) unlink(temporary.c_str());
    throw std::runtime_error(fmt::format("{}: {}", file.string(), reason));
  }
  fs::rename(temporary, file);
}

}  // namespace whygpu
