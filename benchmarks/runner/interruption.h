// Ctrl-C ends a measurement between two cases, not the process.
#pragma once

#include <atomic>
#include <csignal>

namespace whygpu {

// What a command exits with when it was interrupted.
inline constexpr int kInterruptedStatus = 130;

// False now; true from the next SIGINT or SIGTERM on.
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
