// Ctrl-C stops a measurement between two cases instead of killing the process.
#pragma once

#include <atomic>
#include <csignal>

namespace whygpu {

// Exit status of an interrupted command.
inline constexpr int kInterruptedStatus = 130;

// False now; becomes true on the next SIGINT or SIGTERM.
inline const std::atomic<bool>& watch_for_interruption() {
  static std::atomic<bool> interrupted;
  interrupted = false;
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return interrupted;
}

}  // namespace whygpu
