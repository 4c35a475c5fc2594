// The name of the processor.
#pragma once

#include <istream>
#include <string>

namespace whygpu {

struct CpuModel {
  std::string vendor, name;  // empty if unknown
};

// From the text of /proc/cpuinfo. Linux names x86 processors there, and numbers Arm's: these get the names of their
// cores, several if they differ ("Cortex-A76, Cortex-A55").
CpuModel cpu_model(std::istream& cpuinfo);

}  // namespace whygpu
