#include "benchmarks/runner/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>

#include "benchmarks/cases/case.h"

namespace whygpu {

namespace fs = std::filesystem;

namespace {

struct NewFile {
  int fd = -1;       // -1: not possible, see errno
  std::string path;  // empty: it has no name yet, and vanishes if this process is killed
};

// Creates a file in the folder of `file`, with the permissions of an ordinary new file.
NewFile create_beside(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (const int fd = open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666); fd >= 0) return {fd, {}};
  NewFile created{-1, file.string() + ".XXXXXX"};  // not every file system has files without a name
  created.fd = mkostemp(created.path.data(), O_CLOEXEC);
  if (created.fd >= 0) {
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(created.fd, 0666 & ~mask);
  }
  return created;
}

// Gives the file a name that is not in use: `wanted` if possible.
bool name(NewFile& created, const fs::path& wanted) {
  const std::string nameless = fmt::format("/proc/self/fd/{}", created.fd);
  std::random_device random;
  created.path = wanted.string();
  while (linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, created.path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    if (errno != EEXIST) {
      created.path.clear();
      return false;
    }
    created.path = fmt::format("{}.{:08x}", wanted.string(), random());
  }
  return true;
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto written = write(fd, text.data() + done, text.size() - done);
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return fsync(fd) == 0;
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
      if (!trial.path.empty()) unlink(trial.path.c_str());
      return;
    }
  }
  throw CaseError(fmt::format("{} {}: {} is not writable; accepted: a file in a writable folder", option, file.string(),
                              folder.string()));
}

void write_atomically(const fs::path& file, const std::string& text) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  NewFile created = create_beside(file);
  const bool good = created.fd >= 0 && write_all(created.fd, text) && (!created.path.empty() || name(created, file));
  const std::string reason = std::strerror(errno);
  if (created.fd >= 0) close(created.fd);
  if (!good) {
    if (created.fd >= 0 && !created.path.empty()) unlink(created.path.c_str());
    throw std::runtime_error(fmt::format("{}: {}", file.string(), reason));
  }
  if (created.path != file.string()) fs::rename(created.path, file);
}

void link_latest(const fs::path& file) {
  std::error_code error;
  if (!fs::equivalent(file.parent_path(), kResultFolder, error)) return;
  const fs::path link = file.parent_path() / kLatestLink;
  if (fs::exists(fs::symlink_status(link, error)) && !fs::is_symlink(link, error)) return;
  const fs::path fresh = fs::path(link) += fmt::format(".{}", getpid());
  fs::create_symlink(file.filename(), fresh, error);
  if (error) return;
  fs::rename(fresh, link, error);
  if (error) fs::remove(fresh, error);
}

}  // namespace whygpu
