#include "reports/results/machine_fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

namespace whygpu {
namespace {

// FNV-1a: short, and equal on every machine and with every compiler.
std::uint32_t hash(const std::vector<std::string>& words) {
  std::uint32_t value = 2166136261U;
  for (const auto& word : words) {
    for (const char c : word + "\n") value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return value;
}

std::uint32_t isa_hash(const EnvironmentRecord& environment) {
  auto isa = environment.isa;
  std::sort(isa.begin(), isa.end());
  return hash(isa);
}

}  // namespace

std::string machine_fingerprint(const EnvironmentRecord& environment, const std::vector<std::string>& accelerators) {
  std::string text = fmt::format(
      "{}, {} of {} CPUs, {:.0f} GB, {}, {:08x}", environment.cpu_model, environment.cpus_usable,
      environment.cpus_online, static_cast<double>(environment.memory_bytes) / 1e9,
      environment.virtualization.empty() ? "no hypervisor" : environment.virtualization, isa_hash(environment));
  for (const auto& name : accelerators) text += ", " + name;
  return text;
}

std::string cpu_kind(const EnvironmentRecord& environment) {
  return fmt::format("{}, {:08x}", environment.cpu_model, isa_hash(environment));
}

std::vector<std::string> accelerators_of(const ResultFile& file) {
  std::set<std::string> names;
  for (const auto& backend : file.backends) {
    if (backend.on_accelerator()) names.insert(backend.device->name);
  }
  return {names.begin(), names.end()};
}

}  // namespace whygpu
