// The host side of a trial: its operands in host memory, copied to the device and back as a program would.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/workloads/workload.h"

namespace whygpu {

class HostCopies {
 public:
  // Copies the operands into host memory suited to transfers (page-locked for accelerators).
  HostCopies(Device& device, const std::vector<HostArgument>& arguments);

  void upload();    // may be queued
  void download();  // waits for the results

  // "to and from page-locked memory", or that nothing is copied.
  std::string describe() const;

 private:
  struct Copy {
    Tensor* tensor;
    std::shared_ptr<void> host;
  };

  // Excludes operands that the host can use in place.
  std::vector<Copy> inputs_, results_;
  std::string memory_;
};

}  // namespace whygpu
