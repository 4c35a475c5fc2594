#include "benchmarks/worker/host_copies.h"

#include <cstring>

namespace whygpu {

HostCopies::HostCopies(Device& device, const std::vector<HostArgument>& arguments)
    : memory_(is_host_memory(device.kind()) ? "host memory" : "page-locked host memory") {
  const bool on_host = device.kind() == DeviceKind::cpu;
  for (const auto& argument : arguments) {
    if (on_host && argument.tensor->address() != nullptr) continue;
    Copy copy{argument.tensor, device.allocate_host(argument.bytes)};
    if (copy.host == nullptr) throw std::bad_alloc();
    if (argument.values != nullptr) std::memcpy(copy.host.get(), argument.values, argument.bytes);
    (argument.values != nullptr ? inputs_ : results_).push_back(std::move(copy));
  }
}

void HostCopies::upload() {
  for (const auto& copy : inputs_) copy.tensor->upload(copy.host.get());
}

void HostCopies::download() {
  for (const auto& copy : results_) copy.tensor->download(copy.host.get());
}

std::string HostCopies::describe() const {
  if (inputs_.empty() && results_.empty()) return "already in host memory: nothing is copied";
  return std::to_string(inputs_.size()) + " operand(s) from and " + std::to_string(results_.size()) + " result(s) to " +
         memory_;
}

}  // namespace whygpu
