// Verifies cases on a backend of this build, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "backends/loader.h"
#include "benchmarks/cases/sweep.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {

inline std::filesystem::path module_of(const std::string& backend) {
  return std::filesystem::path(WHYGPU_BINARY_DIR) / "bin/backends" / (backend + ".so");
}

// Verifies every case of `line` that the backend supports, and returns their number. A refusal needs a reason.
inline int verify_cases(const std::string& backend_name, const std::string& line, int threads) {
  const LoadedBackend backend(module_of(backend_name), {threads, 0});
  int supported = 0;
  for (const Case& c : parse_cases(line)) {
    const Workload& workload = find_workload(c.workload);
    const Support support = workload.supports(c, *backend);
    if (!support) {
      EXPECT_FALSE(support.reason.empty());
      continue;
    }
    ++supported;
    const auto trial = workload.prepare(c, *backend);
    trial->load(1);
    const Verdict verdict = trial->verify();
    EXPECT_EQ(verdict.status, Status::ok) << c.text() << " (" << trial->implementation() << "): " << verdict.reason;
  }
  return supported;
}

// What the backend runs for the case of `line`.
inline std::string implementation_of(const std::string& backend_name, const std::string& line, int threads) {
  const LoadedBackend backend(module_of(backend_name), {threads, 0});
  const Case c = parse_case(line);
  return find_workload(c.workload).prepare(c, *backend)->implementation();
}

}  // namespace whygpu
