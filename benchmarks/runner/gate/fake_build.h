// Builds made up for tests: a folder with a worker that measures nothing and says what it is told to.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace whygpu {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "whygpu-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }

// A folder with the worker `gemm`, whose every case takes `nanoseconds`, and the module `backends/fake.so`.
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
