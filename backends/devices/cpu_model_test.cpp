#include "backends/devices/cpu_model.h"

#include <gtest/gtest.h>

#include <sstream>

namespace whygpu {
namespace {

CpuModel model_of(const std::string& text) {
  std::istringstream cpuinfo(text);
  return cpu_model(cpuinfo);
}

TEST(CpuModel, NameOfX86) {
  const CpuModel model =
      model_of("processor\t: 0\nvendor_id\t: Maker\nmodel name\t: Fast CPU @ 2: 3 GHz\nflags\t\t: fpu\n");
  EXPECT_EQ(model.name, "Fast CPU @ 2: 3 GHz");
  EXPECT_EQ(model.vendor, "Maker");
}

std::string arm_core(const std::string& implementer, const std::string& part) {
  return "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: " + implementer +
         "\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: " + part + "\nCPU revision\t: 1\n\n";
}

TEST(CpuModel, NameOfArmCore) {
  const CpuModel model = model_of(arm_core("0x41", "0xd0c") + arm_core("0x41", "0xd0c"));
  EXPECT_EQ(model.name, "Neoverse-N1");
  EXPECT_EQ(model.vendor, "Arm");
}

TEST(CpuModel, SeveralCores) {
  EXPECT_EQ(model_of(arm_core("0x41", "0xd0b") + arm_core("0x41", "0xd05")).name, "Cortex-A76, Cortex-A55");
}

TEST(CpuModel, SamePartOfAnotherImplementer) {
  EXPECT_EQ(model_of(arm_core("0x6d", "0xd49")).name, "Azure-Cobalt-100");
}

TEST(CpuModel, UnknownCore) {
  EXPECT_EQ(model_of(arm_core("0x41", "0xfff")).name, "Arm part 0xfff");
  EXPECT_EQ(model_of(arm_core("0x99", "0x001")).vendor, "implementer 0x99");
}

TEST(CpuModel, NoNames) {
  EXPECT_EQ(model_of("processor\t: 0\nCPU part\n").name, "");
  EXPECT_EQ(model_of("").name, "");
}

}  // namespace
}  // namespace whygpu
