#include "backends/devices/file_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace whygpu {
namespace {

// Uses POSIX calls, since a stream does not report why a file could not be read.
std::string read_whole(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::system_error(errno, std::generic_category(), path.string());
  char buffer[4096];
  const ssize_t length = ::read(file, buffer, sizeof buffer);
  const int error = errno;
  close(file);
  if (length < 0) throw std::system_error(error, std::generic_category(), path.string());
  std::string text(buffer, static_cast<std::size_t>(length));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

FileTree::FileTree() : read_file(read_whole) {}
FileTree::FileTree(std::filesystem::path root_directory) : root(std::move(root_directory)), read_file(read_whole) {}

std::string FileTree::read(const std::filesystem::path& path) const { return read_file(root / path); }

std::optional<std::string> FileTree::try_read(const std::filesystem::path& path) const {
  try {
    return read(path);
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

bool FileTree::exists(const std::filesystem::path& path) const {
  std::error_code ignored;
  return std::filesystem::exists(root / path, ignored);
}

std::vector<std::filesystem::path> FileTree::list(const std::filesystem::path& directory) const {
  std::vector<std::filesystem::path> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(root / directory, error), end; !error && entry != end;
       entry.increment(error)) {
    entries.push_back(directory / entry->path().filename());
  }
  std::ranges::sort(entries);
  return entries;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace whygpu
