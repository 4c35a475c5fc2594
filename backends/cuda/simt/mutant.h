// Judges a kernel with an injected error, in its own process.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace whygpu::cuda {

// Ends the process: with 0 if the kernel, whose error `measure` returns, appears correct.
template <class Measure>
[[noreturn]] void judge_mutant(Measure measure, double tolerance) {
  try {
    const double error = measure();
    if (error <= tolerance) std::_Exit(0);
    std::fprintf(stderr, "incorrect: relative error %g\n", error);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
  }
  std::_Exit(1);
}

}  // namespace whygpu::cuda
