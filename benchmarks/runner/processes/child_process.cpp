#include "benchmarks/runner/processes/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace whygpu {

using Clock = std::chrono::steady_clock;

ChildProcess::ChildProcess(const std::filesystem::path& program, std::vector<std::string> arguments,
                           const std::string& records_flag,
                           const std::vector<std::pair<std::string, std::string>>& environment) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error(fmt::format("pipe: {}", std::strerror(errno)));
  errors_ = memfd_create("stderr", MFD_CLOEXEC);
  if (!records_flag.empty()) arguments.push_back(fmt::format("{}={}", records_flag, pipe_ends[1]));

  std::string name = program.string();
  std::vector<char*> argv = {name.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error(fmt::format("fork: {}", std::strerror(errno)));
  if (pid_ == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a killed runner leaves no worker behind
    fcntl(pipe_ends[1], F_SETFD, 0);
    dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
    dup2(STDIN_FILENO, STDOUT_FILENO);
    dup2(errors_, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    for (const auto& [key, value] : environment) {
      if (value.empty())
        unsetenv(key.c_str());
      else
        setenv(key.c_str(), value.c_str(), 1);
    }
    execv(name.c_str(), argv.data());
    dprintf(STDERR_FILENO, "%s: %s\n", name.c_str(), std::strerror(errno));
    _exit(127);
  }
  setpgid(pid_, pid_);
  close(pipe_ends[1]);
  records_ = pipe_ends[0];
}

ChildProcess::~ChildProcess() {
  if (!ending_) {
    kill();
    wait();
  }
  close(records_);
  close(errors_);
}

ChildProcess::Event ChildProcess::next_line(std::string& line, std::chrono::duration<double> timeout) {
  const auto deadline = Clock::now() + timeout;
  for (;;) {
    if (const auto end = pending_.find('\n'); end != std::string::npos) {
      line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return Event::line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Event::timeout;
    pollfd poller{records_, POLLIN, 0};
    const int ready = poll(&poller, 1, static_cast<int>(std::min<long long>(left, 1 << 30)));
    if (ready < 0 && errno == EINTR) return Event::interrupted;
    if (ready <= 0) continue;
    std::array<char, 65536> buffer;
    const auto count = read(records_, buffer.data(), buffer.size());
    if (count == 0) return Event::end;
    if (count > 0) pending_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

void ChildProcess::kill() { ::kill(-pid_, SIGKILL); }

std::string ChildProcess::wait() {
  if (ending_) return *ending_;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    ending_ = fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else {
    ending_ = WEXITSTATUS(status) == 0 ? "" : fmt::format("exit status {}", WEXITSTATUS(status));
  }
  return *ending_;
}

std::string ChildProcess::last_words() const {
  std::array<char, 4096> tail{};
  const auto size = lseek(errors_, 0, SEEK_END);
  const auto count =
      pread(errors_, tail.data(), tail.size(), std::max<off_t>(0, size - static_cast<off_t>(tail.size())));
  std::string text(tail.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

}  // namespace whygpu
