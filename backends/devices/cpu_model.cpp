#include "backends/devices/cpu_model.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace whygpu {
namespace {

struct Core {
  int implementer, part;
  const char* name;
};

// As lscpu names them (util-linux, sys-utils/lscpu-arm.c).
constexpr Core kCores[] = {
    {0x41, 0xd03, "Cortex-A53"},  {0x41, 0xd04, "Cortex-A35"},    {0x41, 0xd05, "Cortex-A55"},
    {0x41, 0xd06, "Cortex-A65"},  {0x41, 0xd07, "Cortex-A57"},    {0x41, 0xd08, "Cortex-A72"},
    {0x41, 0xd09, "Cortex-A73"},  {0x41, 0xd0a, "Cortex-A75"},    {0x41, 0xd0b, "Cortex-A76"},
    {0x41, 0xd0c, "Neoverse-N1"}, {0x41, 0xd0d, "Cortex-A77"},    {0x41, 0xd0e, "Cortex-A76AE"},
    {0x41, 0xd40, "Neoverse-V1"}, {0x41, 0xd41, "Cortex-A78"},    {0x41, 0xd42, "Cortex-A78AE"},
    {0x41, 0xd44, "Cortex-X1"},   {0x41, 0xd46, "Cortex-A510"},   {0x41, 0xd47, "Cortex-A710"},
    {0x41, 0xd48, "Cortex-X2"},   {0x41, 0xd49, "Neoverse-N2"},   {0x41, 0xd4a, "Neoverse-E1"},
    {0x41, 0xd4b, "Cortex-A78C"}, {0x41, 0xd4c, "Cortex-X1C"},    {0x41, 0xd4d, "Cortex-A715"},
    {0x41, 0xd4e, "Cortex-X3"},   {0x41, 0xd4f, "Neoverse-V2"},   {0x41, 0xd80, "Cortex-A520"},
    {0x41, 0xd81, "Cortex-A720"}, {0x41, 0xd82, "Cortex-X4"},     {0x41, 0xd83, "Neoverse-V3AE"},
    {0x41, 0xd84, "Neoverse-V3"}, {0x41, 0xd85, "Cortex-X925"},   {0x41, 0xd87, "Cortex-A725"},
    {0x41, 0xd8e, "Neoverse-N3"}, {0x43, 0x0a1, "ThunderX-88XX"}, {0x43, 0x0af, "ThunderX2-99xx"},
    {0x46, 0x001, "A64FX"},       {0x48, 0xd01, "TaiShan-v110"},  {0x4e, 0x004, "Carmel"},
    {0x51, 0x001, "Oryon"},       {0x61, 0x022, "Icestorm-M1"},   {0x61, 0x023, "Firestorm-M1"},
    {0x61, 0x032, "Blizzard-M2"}, {0x61, 0x033, "Avalanche-M2"},  {0x6d, 0xd49, "Azure-Cobalt-100"},
    {0xc0, 0xac3, "Ampere-1"},    {0xc0, 0xac4, "Ampere-1a"},
};

std::string vendor_name(const std::string& implementer) {
  switch (std::strtol(implementer.c_str(), nullptr, 0)) {
    case 0x41: return "Arm";
    case 0x43: return "Cavium";
    case 0x46: return "Fujitsu";
    case 0x48: return "HiSilicon";
    case 0x4e: return "NVIDIA";
    case 0x51: return "Qualcomm";
    case 0x61: return "Apple";
    case 0x6d: return "Microsoft";
    case 0xc0: return "Ampere";
    default: return "implementer " + implementer;
  }
}

std::string core_name(const std::string& implementer, const std::string& part) {
  const auto same = [&](const Core& core) {
    return core.implementer == std::strtol(implementer.c_str(), nullptr, 0) &&
           core.part == std::strtol(part.c_str(), nullptr, 0);
  };
  const auto* const found = std::find_if(std::begin(kCores), std::end(kCores), same);
  return found != std::end(kCores) ? found->name : vendor_name(implementer) + " part " + part;
}

}  // namespace

CpuModel cpu_model(std::istream& cpuinfo) {
  CpuModel model;
  std::string implementer;
  std::vector<std::string> cores;
  for (std::string line; std::getline(cpuinfo, line);) {
    const auto colon = line.find(": ");
    const std::string value = colon == std::string::npos ? "" : line.substr(colon + 2);
    if (line.starts_with("vendor_id")) model.vendor = value;
    if (line.starts_with("model name")) model.name = value;
    if (line.starts_with("CPU implementer")) implementer = value;
    if (!line.starts_with("CPU part") || value.empty()) continue;
    const std::string core = core_name(implementer, value);
    if (std::find(cores.begin(), cores.end(), core) == cores.end()) cores.push_back(core);
  }
  if (model.vendor.empty() && !implementer.empty()) model.vendor = vendor_name(implementer);
  if (!model.name.empty()) return model;
  for (const auto& core : cores) model.name += (model.name.empty() ? "" : ", ") + core;
  return model;
}

}  // namespace whygpu
