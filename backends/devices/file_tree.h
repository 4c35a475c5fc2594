// Small text files of the kernel below a root directory. Tests substitute a recorded tree, or a reader that fails.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace whygpu {

struct FileTree {
  std::filesystem::path root = "/";

  // Contents of a file without the final newline, at most 4 KiB. Throws std::system_error with the reason.
  std::function<std::string(const std::filesystem::path& absolute)> read_file;

  FileTree();
  explicit FileTree(std::filesystem::path root_directory);

  // `path` is relative to the root.
  std::string read(const std::filesystem::path& path) const;
  std::optional<std::string> try_read(const std::filesystem::path& path) const;  // nothing if it cannot be read
  bool exists(const std::filesystem::path& path) const;
  std::vector<std::filesystem::path> list(const std::filesystem::path& directory) const;  // sorted; empty if missing
};

// Nothing if the text contains anything but a whole number that is not negative.
std::optional<std::uint64_t> whole_number(std::string_view text);

}  // namespace whygpu
