// Two builds compared case by case: the result of `whygpu gate` and `whygpu compare`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reports/regression/gate/judgement.h"
#include "reports/results/records.h"

namespace whygpu {

// One process of each side, back to back. Times are in nanoseconds per operation.
struct Pair {
  std::string started;
  bool head_first = false;               // drawn at random
  std::vector<double> base_ns, head_ns;  // all samples

  double log_ratio() const;  // ln of head's fastest sample over base's
};

struct CaseComparison {
  std::string text;
  Judgement judgement;
  double base_ns = 0, head_ns = 0;   // median over pairs (or rounds) of the fastest sample of each; 0 when not measured
  std::string base_code, head_code;  // hash of the files that the case loads; empty when unknown
  std::vector<Pair> pairs;           // in order of time; empty when files were compared
};

struct BuildRecord {
  std::string name;      // as given by the caller
  std::string revision;  // full hash; empty when unknown
};

// An accelerator, as the backend that used it names it.
struct ComparedDevice {
  std::string backend, kind, name;
};

struct Comparison {
  BuildRecord base, head;
  std::string started, finished;  // ISO 8601, UTC
  std::string machine;            // fingerprint: equal for equal machines
  std::vector<ComparedDevice> devices;
  int threads = 1;
  double threshold = 0.05;
  bool strict = false;
  bool simulated = false;                        // synthetic, for trying out the tools
  std::vector<std::string> notes;                // caveats
  std::vector<std::string> command;              // as typed
  std::optional<EnvironmentRecord> environment;  // empty when files were compared
  std::optional<ContextRecord> context;
  std::vector<CaseComparison> cases;

  std::size_t count(Ruling ruling) const;
  ExitCode exit_code() const;
};

// "2 slower, 1 faster, 20 same", worst first.
std::string summary(const Comparison& comparison);

}  // namespace whygpu
