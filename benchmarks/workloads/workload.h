// What is measured. A workload defines its parameters, counts its FLOPs and bytes, and verifies its results.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/cases/case.h"
#include "reports/results/records.h"
#include "whygpu/backend.h"

namespace whygpu {

// The cost of one operation by definition, independent of the algorithm.
struct Work {
  double flops = 0;         // or integer operations; 0 if the workload only moves data
  double bytes = 0;         // compulsory traffic: each input read once, each output written once
  double memory_bytes = 0;  // storage of one set of arguments on the device
};

struct Verdict {
  Status status = Status::ok;
  std::string reason;  // why it is not ok
};

using Details = std::vector<std::pair<std::string, double>>;

// An argument of the operation in host memory, row-major.
struct HostArgument {
  Tensor* tensor = nullptr;
  std::size_t bytes = 0;
  const void* values = nullptr;  // null: a result
};

// A case prepared on a backend: its operation is chosen, packed and allocated.
class Trial {
 public:
  virtual ~Trial() = default;

  // Makes the inputs and uploads them. Called once, before everything below.
  virtual void load(std::uint64_t seed) { (void)seed; }

  // Runs once on poisoned outputs and compares the result with an oracle that is not a backend.
  virtual Verdict verify() = 0;

  // In place of verify(), in the later processes of a run: `verified` holds those of the details whose name begins with
  // Workload::verified_details(), from a process that verified the same case on the same backend.
  virtual Verdict verify_again(const std::map<std::string, double>& verified) { return (void)verified, verify(); }

  // Queues one operation on buffer set `set`, in [0, sets).
  virtual void enqueue(std::size_t set) = 0;

  // Extends the trial to `count` sets of separate buffers (equal inputs, distinct addresses), for cold measurements.
  // Every buffer is written, results too: the first access to memory must not happen in a sample.
  virtual void allocate_sets(std::size_t count) = 0;

  // Audits between samples, if auditable(). renew() gives a set other inputs at the same addresses and leaves the
  // results of the old ones there, which look valid and are wrong; poison_results() poisons them. check() compares the
  // results of a set, as they are, with the oracle, its inputs with those that were uploaded, and the memory beside
  // both with what it was.
  virtual bool auditable() const { return false; }
  virtual void renew(std::size_t set, std::uint64_t seed) { (void)set, (void)seed; }
  virtual void poison_results(std::size_t set) { (void)set; }
  virtual Verdict check(std::size_t set) { return (void)set, Verdict{}; }

  // Without those: runs once more from the beginning after the last sample, and compares the result with the verified
  // one.
  virtual Verdict check_again() { return {}; }

  virtual std::size_t set_bytes() const = 0;
  virtual std::string implementation() const = 0;

  // True if enqueue() returns only after its work is done, or if queueing itself is measured: the host's
  // clock then times it, and the device's queue is never held back.
  virtual bool timed_by_host() const { return false; }

  // What a program would copy to the device before an operation on buffer set 0, and back after it. Empty if the
  // workload has no such data: offload=once and offload=always are then unsupported.
  virtual std::vector<HostArgument> host_arguments() { return {}; }

  // Other measured values, by name with the unit as suffix ("forward_ns"), recorded with the round. Read after timing.
  virtual Details details() const { return {}; }
};

class Workload {
 public:
  virtual ~Workload() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;  // one line for --help
  virtual std::span<const Parameter> parameters() const = 0;

  // Throws CaseError naming the rule if the values do not fit together.
  virtual void validate(const Case& c) const = 0;
  virtual Work work(const Case& c) const = 0;

  // Estimated time of the first verification on a few cores; decides how many cases fit a short run.
  virtual double verify_seconds(const Case& c) const { return 10 * work(c).flops / 100e9; }

  // The first letters of details from which Trial::verify_again() verifies; empty: it has none.
  virtual std::string_view verified_details() const { return {}; }

  // A small valid line whose dtypes represent the workload in `whygpu list`.
  virtual std::string_view probe() const = 0;

  // Whether a case also runs the kernels of backends/layers, which are loaded separately from the backend.
  virtual bool runs_layers() const { return false; }

  virtual Support supports(const Case& c, Backend& backend) const = 0;

  // The values of `variant=` for this case on `backend`, the default first; empty if there is only one implementation.
  virtual std::vector<std::string> variants(const Case& c, Backend& backend) const {
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
