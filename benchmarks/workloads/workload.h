// What is measured. A workload knows its parameters, counts its own FLOPs and bytes, and checks its own answers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "benchmarks/cases/case.h"
#include "reports/results/records.h"

namespace whygpu {

// What one operation costs by definition, whatever algorithm runs.
struct Work {
  double flops = 0;         // or integer operations; 0 where the workload moves data only
  double bytes = 0;         // compulsory traffic: each input read once, each output written once
  double memory_bytes = 0;  // storage of one set of arguments on the device
};

struct Verdict {
  Status status = Status::ok;
  std::string reason;  // why not ok
};

using Details = std::vector<std::pair<std::string, double>>;

// An argument of the operation as the host knows it, row-major.
struct HostArgument {
  Tensor* tensor = nullptr;
  std::size_t bytes = 0;
  const void* values = nullptr;  // null: a result
};

// A case made ready on a backend: inputs uploaded, operation prepared.
class Trial {
 public:
  virtual ~Trial() = default;

  // Runs once on poisoned outputs and compares the answer with an oracle that is no backend.
  virtual Verdict verify() = 0;

  // Queues one operation on buffer set `set`, in [0, sets).
  virtual void enqueue(std::size_t set) = 0;

  // Grows the trial to `count` sets of its own buffers (inputs equal, addresses distinct), for cold measurements.
  virtual void allocate_sets(std::size_t count) = 0;

  virtual std::size_t set_bytes() const = 0;
  virtual std::string implementation() const = 0;

  // True when enqueue() returns only after its work is done, or when queueing itself is what is measured: the host's
  // clock then times it, and the device's queue is never held back.
  virtual bool timed_by_host() const { return false; }

  // What a program would copy to the device before an operation on buffer set 0, and back after it. Empty where a
  // workload has no such thing: offload=once and offload=always are then unsupported.
  virtual std::vector<HostArgument> host_arguments() { return {}; }

  // Facts beyond time, by name with the unit at its end ("forward_ns"), recorded with the round. Asked after timing.
  virtual Details details() const { return {}; }
};

class Workload {
 public:
  virtual ~Workload() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;  // one line for --help
  virtual std::span<const Parameter> parameters() const = 0;

  // Throws CaseError when the values do not fit each other, naming the rule.
  virtual void validate(const Case& c) const = 0;
  virtual Work work(const Case& c) const = 0;

  // A small valid line whose dtypes stand for the workload in `whygpu list`.
  virtual std::string_view probe() const = 0;

  virtual Support supports(const Case& c, const Backend& backend) const = 0;

  // What `variant=` may be for this case on `backend`, the default first; empty when there is one implementation only.
  virtual std::vector<std::string> variants(const Case& c, const Backend& backend) const {
    (void)c, (void)backend;
    return {};
  }
  virtual std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const = 0;
};

// All workloads of this build, in the order of their add_workload lines.
std::span<const Workload* const> workloads();

// The dtype called `name`. Throws CaseError.
DType parse_dtype(std::string_view name);

// Throws CaseError naming the nearest workload.
const Workload& find_workload(std::string_view name);

}  // namespace whygpu
