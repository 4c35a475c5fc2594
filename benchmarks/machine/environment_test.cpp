// Tests the readers on a simulated machine.
#include "benchmarks/machine/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Machine : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
  }
  void write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  fs::path root_;
};

TEST_F(Machine, CpuQuota) {
  EXPECT_EQ(cpu_quota(root_), std::nullopt);
  write("proc/self/cgroup", "0::/job\n");
  write("sys/fs/cgroup/job/cgroup.controllers", "cpu");
  write("sys/fs/cgroup/job/cpu.max", "150000 100000\n");
  EXPECT_EQ(cpu_quota(root_), 1.5);
  write("sys/fs/cgroup/job/cpu.max", "max 100000\n");
  EXPECT_EQ(cpu_quota(root_), std::nullopt);
}

TEST_F(Machine, CgroupMemory) {
  write("proc/meminfo", "MemTotal:  4000 kB\nMemAvailable:   2000 kB\n");
  EXPECT_EQ(available_host_memory(root_), 2'048'000U);
  write("sys/fs/cgroup/memory.max", "1000000\n");
  write("sys/fs/cgroup/memory.current", "400000\n");
  EXPECT_EQ(available_host_memory(root_), 600'000U);
  write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(available_host_memory(root_), 2'048'000U);
}

TEST_F(Machine, CpuFacts) {
  write("proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: Maker\nmodel name\t: Fast CPU\ncpu MHz\t\t: 2500.5\nflags\t\t: fpu avx2 avx512f "
        "x\n\n"
        "processor\t: 1\nmodel name\t: Fast CPU\n");
  write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  write("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
  write("sys/devices/system/cpu/smt/active", "1\n");
  const CpuFacts cpu = cpu_facts(root_);
  EXPECT_EQ(cpu.model, "Fast CPU");
  EXPECT_EQ(cpu.online, 2);
  EXPECT_EQ(cpu.mhz, 2500.5);
  EXPECT_EQ(cpu.governor, "powersave");
  EXPECT_EQ(cpu.turbo, true);
  EXPECT_EQ(cpu.smt, true);
  EXPECT_EQ(cpu.microcode, std::nullopt);
  EXPECT_THAT(cpu.isa, ElementsAre("avx2", "avx512f"));
}

TEST_F(Machine, CpuFactsOfArm) {
  write("proc/cpuinfo",
        "processor\t: 0\nFeatures\t: fp asimd asimdhp asimddp i8mm bf16\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n");
  const CpuFacts cpu = cpu_facts(root_);
  EXPECT_EQ(cpu.model, "Neoverse-V2");
  EXPECT_EQ(cpu.vendor, "Arm");
  EXPECT_EQ(cpu.online, 1);
  EXPECT_THAT(cpu.isa, ElementsAre("asimd", "asimdhp", "asimddp", "bf16", "i8mm"));
}

TEST_F(Machine, ProcessorOfAnotherArchitecture) {
  write("proc/cpuinfo", "processor\t: 0\nvendor_id\t: Maker\n");
  const bool on_x86 = cpu_facts(root_).emulated;
  write("proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n");
  EXPECT_NE(cpu_facts(root_).emulated, on_x86);
  write("proc/cpuinfo", "processor\t: 0\n");
  EXPECT_FALSE(cpu_facts(root_).emulated);
}

TEST_F(Machine, Caches) {
  const std::string folder = "sys/devices/system/cpu/cpu0/cache/index0/";
  write(folder + "type", "Unified\n");
  write(folder + "level", "3\n");
  write(folder + "size", "32768K\n");
  write(folder + "shared_cpu_map", "00000000,0000ffff\n");
  const auto found = caches(root_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].bytes, 32768U * 1024);
  EXPECT_EQ(found[0].sharing, 16);
}

TEST_F(Machine, IdleAndStealTicks) {
  write("proc/stat", "cpu  100 1 50 800 20 3 4 22 0 0\ncpu0 1 1 1 1\n");
  const CpuTicks ticks = cpu_ticks(root_);
  EXPECT_EQ(ticks.total, 1000);
  EXPECT_EQ(ticks.idle, 820);
  EXPECT_EQ(ticks.steal, 22);
}

TEST_F(Machine, EmptyTree) {
  EXPECT_EQ(cpu_facts(root_).model, "unknown CPU");
  EXPECT_TRUE(caches(root_).empty());
  EXPECT_EQ(cpu_ticks(root_).total, 0);
}

}  // namespace
}  // namespace whygpu
