#include "benchmarks/runner/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace whygpu {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path Journal::path_for(const fs::path& result_file) { return result_file.string() + ".journal"; }

Journal::Journal(const fs::path& result_file) : path_(path_for(result_file)) {
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path());
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) throw std::runtime_error(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    close(fd_);
    throw std::runtime_error(fmt::format("{}: another run is writing it", path_.string()));
  }
}

Journal::~Journal() { close(fd_); }

void Journal::append(const json& record) {
  const std::string line = record.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  const auto written = write(fd_, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    throw std::runtime_error(
        fmt::format("{}: {}; earlier measurements are saved: free some space, then resume with --resume",
                    path_.string(), written < 0 ? std::strerror(errno) : "the disk is full"));
  }
}

std::vector<json> Journal::replay() {
  std::ifstream stream(path_);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::vector<json> records;
  std::size_t whole = 0;
  for (std::size_t end; (end = text.find('\n', whole)) != std::string::npos; whole = end + 1) {
    json record = json::parse(text.begin() + static_cast<std::ptrdiff_t>(whole),
                              text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (record.is_discarded()) {
      throw std::runtime_error(
          fmt::format("{}: line {} is not a record; the journal is damaged", path_.string(), records.size() + 1));
    }
    records.push_back(std::move(record));
  }
  if (whole < text.size() && ftruncate(fd_, static_cast<off_t>(whole)) != 0) {
    throw std::runtime_error(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
  }
  return records;
}

void Journal::clear() {
  if (ftruncate(fd_, 0) != 0) throw std::runtime_error(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
}

void Journal::remove() { fs::remove(path_); }

}  // namespace whygpu
