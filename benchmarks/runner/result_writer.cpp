#include "benchmarks/runner/result_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace whygpu {

namespace fs = std::filesystem;

ResultFile result_file(const RunState& state, ResultFile facts) {
  facts.version = WHYGPU_VERSION;
  facts.cases = state.results();
  for (auto& record : facts.cases) {
    if (record.status != Status::ok || !record.rounds.empty()) continue;
    record.status = Status::failed;
    record.reason = "not reached: the run was interrupted";
  }
  return facts;
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
