#include "benchmarks/networks/onnx/output_of_child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace whygpu::networks {
namespace {

constexpr rlim_t kSeconds = 60;
constexpr char kOutput = 'o', kFailure = 'f';

void write_all(int descriptor, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = write(descriptor, text.data() + done, text.size() - done);
    if (count <= 0) _exit(1);
    done += static_cast<std::size_t>(count);
  }
}

[[noreturn]] void run_in_child(int descriptor, const std::function<std::string()>& work) {
  const rlimit seconds{kSeconds, kSeconds}, none{0, 0};
  setrlimit(RLIMIT_CPU, &seconds);
  setrlimit(RLIMIT_CORE, &none);
  const int null = open("/dev/null", O_WRONLY);
  if (null >= 0) dup2(null, STDERR_FILENO);
  for (const int number : {SIGSEGV, SIGFPE, SIGABRT, SIGBUS, SIGILL}) std::signal(number, SIG_DFL);
  std::string answer;
  try {
    answer = kOutput + work();
  } catch (const std::exception& error) {
    const std::string what = error.what();
    answer = kFailure + what.substr(0, what.find('\n'));  // one line
  }
  write_all(descriptor, answer);
  _exit(0);
}

}  // namespace

ChildOutput output_of_child(const std::function<std::string()>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error(fmt::format("pipe: {}", std::strerror(errno)));
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error(fmt::format("fork: {}", std::strerror(errno)));
  if (child == 0) run_in_child(ends[1], work);
  close(ends[1]);
  std::string answer;
  for (char block[1 << 16];;) {
    const ssize_t count = read(ends[0], block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    answer.append(block, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    const bool out_of_time = WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL;
    return {{},
            out_of_time ? fmt::format("it did not end within {} s", kSeconds)
                        : fmt::format("it crashed ({})", strsignal(WTERMSIG(status)))};
  }
  if (answer.empty() || WEXITSTATUS(status) != 0) return {{}, "it ended without a result"};
  ChildOutput result;
  (answer.front() == kOutput ? result.output : result.failure) = answer.substr(1);
  return result;
}

}  // namespace whygpu::networks
