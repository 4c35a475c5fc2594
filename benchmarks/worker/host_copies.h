// The host's side of a trial: its operands in host memory, copied to the device and back as a program would.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/workloads/workload.h"

namespace whygpu {

class HostCopies {
 public:
  // Copies the operands into host memory that the device likes to read (page-locked where that matters).
  HostCopies(Device& device, const std::vector<HostArgument>& arguments);

  void upload();    // may be queued
  void download();  // waits until the results are there

  // "to and from page-locked memory", or that nothing needs to move.
  std::string describe() const;

 private:
  struct Copy {
    Tensor* tensor;
    std::shared_ptr<void> host;
  };

  // Without what the host can use where it lies.
  std::vector<Copy> inputs_, results_;
  std::string memory_;
};

}  // namespace whygpu
