#include "benchmarks/meters/meter.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace whygpu {
namespace {

// Uses POSIX calls, since a stream does not report why a file could not be read.
std::string read_whole(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::system_error(errno, std::generic_category(), path.string());
  char buffer[256];
  const ssize_t length = ::read(file, buffer, sizeof buffer);
  const int error = errno;
  close(file);
  if (length < 0) throw std::system_error(error, std::generic_category(), path.string());
  std::string text(buffer, static_cast<std::size_t>(length));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

const char* scope_name(MeterScope scope) {
  constexpr const char* names[] = {"host", "device", "machine"};
  return names[static_cast<int>(scope)];
}

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

std::vector<std::filesystem::path> FileTree::list(const std::filesystem::path& directory) const {
  std::vector<std::filesystem::path> entries;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root / directory, ignored)) {
    entries.push_back(directory / entry.path().filename());
  }
  std::ranges::sort(entries);
  return entries;
}

double parse_reading(const std::string& text, const std::filesystem::path& path) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw MeterError(path.string() + ": expected a whole number, found \"" + text + "\"");
  }
  return static_cast<double>(value);
}

}  // namespace whygpu
