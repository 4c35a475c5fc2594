#include "benchmarks/runner/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "benchmarks/worker/worker_options.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* call) {
  throw std::runtime_error(fmt::format("{}: {}", call, std::strerror(errno)));
}

constexpr std::chrono::milliseconds kWatchInterval{1000};
constexpr int kWaitsPerCall = 20;
constexpr std::chrono::seconds kPatienceWithLauncher{5};

// How to start a child.
struct Start {
  std::vector<std::string> words;  // program, found on the PATH, and its arguments
  int output = -1;                 // standard output; -1: discarded
  int errors = -1;                 // standard error
  int inherited = -1;              // an additional descriptor that stays open
  fs::path folder = ".";
  EnvironmentChanges environment = {};
  bool own_group = false;  // of processes
};

// The child is killed when this process ends.
pid_t start_child(Start start) {
  std::vector<char*> argv;
  for (auto& word : start.words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t parent = getpid(), pid = fork();
  if (pid < 0) fail("fork");
  if (pid > 0) {
    if (start.own_group) setpgid(pid, pid);  // both parent and child set it, so that kill() finds the group
    return pid;
  }
  if (start.own_group) setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it ended before
  if (start.inherited >= 0) fcntl(start.inherited, F_SETFD, 0);
  dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
  dup2(start.output >= 0 ? start.output : STDIN_FILENO, STDOUT_FILENO);
  dup2(start.errors, STDERR_FILENO);
  signal(SIGPIPE, SIG_DFL);
  for (const auto& [key, value] : start.environment) {
    if (value.empty()) {
      unsetenv(key.c_str());
    } else {
      setenv(key.c_str(), value.c_str(), 1);
    }
  }
  if (chdir(start.folder.c_str()) == 0) execvp(argv[0], argv.data());
  dprintf(STDERR_FILENO, "%s: %s\n", argv[0], std::strerror(errno));
  _exit(127);
}

// A launcher's ranks may have process groups of their own.
void signal_tree(pid_t pid, int number) {
  std::ifstream children(fmt::format("/proc/{}/task/{}/children", pid, pid));
  for (pid_t child = 0; children >> child;) signal_tree(child, number);
  ::kill(pid, number);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

CapturedOutput::CapturedOutput() : fd_(memfd_create("output", MFD_CLOEXEC)) {
  if (fd_ < 0) fail("memfd_create");
}

CapturedOutput::~CapturedOutput() { close(fd_); }

std::string CapturedOutput::text_from(off_t offset) const {
  std::string text;
  std::array<char, 65536> buffer;
  ssize_t count = 0;
  while ((count = pread(fd_, buffer.data(), buffer.size(), offset + static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::string CapturedOutput::text() const { return text_from(0); }

std::string CapturedOutput::last_line() const {
  constexpr off_t kLongestLine = 4096;
  std::string text = text_from(std::max<off_t>(0, lseek(fd_, 0, SEEK_END) - kLongestLine));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

ChildProcess::ChildProcess(const fs::path& program, std::vector<std::string> arguments,
                           const EnvironmentChanges& environment, std::vector<std::string> launcher)
    : launches_(!launcher.empty()) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) fail("pipe");
  records_ = pipe_ends[0];
  arguments.insert(arguments.begin(), program.string());
  arguments.push_back(launches_ ? fmt::format("--records={}", kRecordsToOutput)
                                : fmt::format("--records={}", pipe_ends[1]));
  arguments.insert(arguments.begin(), launcher.begin(), launcher.end());
  pid_ = start_child({.words = std::move(arguments),
                      .output = launches_ ? pipe_ends[1] : -1,
                      .errors = errors_.fd(),
                      .inherited = launches_ ? -1 : pipe_ends[1],
                      .environment = environment,
                      .own_group = true});
  close(pipe_ends[1]);
}

ChildProcess::~ChildProcess() {
  if (!ending_) {
    kill();
    wait();
  }
  close(records_);
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

void ChildProcess::signal(int number) { signal_tree(pid_, number); }

void ChildProcess::kill() {
  if (launches_) {
    ::kill(pid_, SIGTERM);
    siginfo_t info{};
    const auto deadline = Clock::now() + kPatienceWithLauncher;
    while (Clock::now() < deadline && waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  ::kill(-pid_, SIGKILL);
}

std::string ChildProcess::wait() {
  if (ending_) return *ending_;
  const int status = wait_for(pid_);
  if (WIFSIGNALED(status)) {
    ending_ = fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else {
    ending_ = WEXITSTATUS(status) == 0 ? "" : fmt::format("exit status {}", WEXITSTATUS(status));
  }
  return *ending_;
}

ProgramResult run_program(const std::vector<std::string>& words, const fs::path& folder,
                          const std::function<void(const std::string& last_line)>& watch) {
  const CapturedOutput output, errors;
  const pid_t pid = start_child({.words = words, .output = output.fd(), .errors = errors.fd(), .folder = folder});
  const auto ended = [pid] {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
  };
  for (int waits = 1; watch && !ended(); ++waits) {
    std::this_thread::sleep_for(kWatchInterval / kWaitsPerCall);
    if (waits % kWaitsPerCall == 0) watch(output.last_line());
  }
  const int status = wait_for(pid);
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), output.text(), errors.text()};
}

}  // namespace whygpu
