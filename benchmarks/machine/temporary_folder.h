// A private temporary folder, removed with its contents. Those of killed programs are removed by the next one.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace whygpu {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    namespace fs = std::filesystem;
    const fs::path parent = fs::temp_directory_path();
    remove_abandoned(parent);
    std::string name = (parent / "whygpu-new-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + ": cannot create the folder");
    // Locked before it has the name that remove_abandoned() looks for.
    lock_ = lock(name);
    path_ = parent / (kPrefix + name.substr(name.size() - kRandom));
    fs::rename(name, path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    if (lock_ >= 0) close(lock_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  inline static const std::string kPrefix = "whygpu-work-";
  static constexpr std::size_t kRandom = 6;  // characters

  // -1 if the folder is in use, of another user, or cannot be locked.
  static int lock(const std::filesystem::path& folder) {
    const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat facts {};
    if (fd >= 0 && fstat(fd, &facts) == 0 && facts.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
  }

  static void remove_abandoned(const std::filesystem::path& parent) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(parent, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + kRandom) continue;
      const int locked = lock(entry->path());
      if (locked < 0) continue;
      std::error_code ignored;
      std::filesystem::remove_all(entry->path(), ignored);
      close(locked);
    }
  }

  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace whygpu
