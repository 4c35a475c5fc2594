#include "benchmarks/runner/processes/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace whygpu {
namespace {

// A file without a name that a child writes and its parent reads.
class Capture {
 public:
  Capture() : fd_(memfd_create("output", MFD_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error(fmt::format("memfd_create: {}", std::strerror(errno)));
  }
  ~Capture() { close(fd_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  int fd() const { return fd_; }

  std::string text() const {
    std::string text;
    std::array<char, 65536> buffer;
    ssize_t count = 0;
    while ((count = pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int fd_;
};

}  // namespace

CommandResult run_command(const std::vector<std::string>& words, const std::filesystem::path& folder) {
  const Capture output, errors;
  auto arguments = words;
  std::vector<char*> argv;
  for (auto& word : arguments) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error(fmt::format("fork: {}", std::strerror(errno)));
  if (pid == 0) {
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(output.fd(), STDOUT_FILENO);
    dup2(errors.fd(), STDERR_FILENO);
    if (chdir(folder.c_str()) == 0) execvp(argv[0], argv.data());
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], std::strerror(errno));
    _exit(127);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), output.text(), errors.text()};
}

}  // namespace whygpu
