// Runs a function in a child process, so that a crash in a library costs an error message only.
#pragma once

#include <functional>
#include <string>

namespace whygpu::networks {

struct ChildOutput {
  std::string output;
  std::string failure;  // why there is no output
};

// What `work` returns or throws. Its processor time is limited to a minute. Throws std::runtime_error if no process can
// be started.
ChildOutput output_of_child(const std::function<std::string()>& work);

}  // namespace whygpu::networks
