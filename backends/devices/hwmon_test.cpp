#include "backends/devices/hwmon.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "backends/devices/hwmon_trees.h"

namespace whygpu {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;
using ::testing::ThrowsMessage;

// The files on disk, in a folder of the test's own.
class Sysfs {
 public:
  explicit Sysfs(const SysfsFiles& files) {
    std::string name = (std::filesystem::temp_directory_path() / "hwmon-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = name;
    for (const auto& [path, text] : files) write(path, text);
  }
  ~Sysfs() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Sysfs(const Sysfs&) = delete;
  Sysfs& operator=(const Sysfs&) = delete;

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << '\n';
  }
  FileTree tree() const { return FileTree(root_); }

  // A tree in which reading files of this name fails.
  FileTree failing(const std::string& file_name, int error) const {
    FileTree files = tree();
    files.read_file = [read = files.read_file, file_name, error](const std::filesystem::path& path) {
      if (path.filename() == file_name) throw std::system_error(error, std::generic_category());
      return read(path);
    };
    return files;
  }

 private:
  std::filesystem::path root_;
};

std::string energy_file(const SysfsFiles& files, const std::string& address) {
  const Sysfs sysfs(files);
  return HwmonCard(address, sysfs.tree()).energy().file.filename().string();
}

double joules_or_watts(const SysfsFiles& files, const std::string& address) {
  const Sysfs sysfs(files);
  const HwmonCard card(address, sysfs.tree());
  return card.read(card.energy());
}

TEST(HwmonCard, EnergyOfAmdIsPower) {
  EXPECT_EQ(energy_file(radeon_vii(), kRadeonVii), "power1_average");
  EXPECT_EQ(energy_file(radeon_7900_xtx(), kRadeon7900), "power1_average");
  EXPECT_EQ(energy_file(radeon_580(), kRadeon580), "power1_input");
  EXPECT_DOUBLE_EQ(joules_or_watts(radeon_7900_xtx(), kRadeon7900), 317);
  EXPECT_DOUBLE_EQ(joules_or_watts(radeon_580(), kRadeon580), 33.125);
}

TEST(HwmonCard, EnergyOfIntelIsCounter) {
  EXPECT_EQ(energy_file(arc_a770_i915(), kArcA770), "energy1_input");
  EXPECT_EQ(energy_file(arc_a750_xe(), kArcA750), "energy2_input");
  EXPECT_EQ(energy_file(arc_b580_xe(), kArcB580), "energy1_input");
  EXPECT_DOUBLE_EQ(joules_or_watts(arc_a770_i915(), kArcA770), 51234.56789);
}

TEST(HwmonCard, Scope) {
  const Sysfs sysfs(together(together(radeon_7900_xtx(), ryzen_graphics()), together(arc_a770_i915(), arc_b580_xe())));
  const auto covers = [&](const char* address) { return HwmonCard(address, sysfs.tree()).energy().covers; };
  EXPECT_EQ(covers(kArcB580), "the whole card");
  EXPECT_THAT(covers(kArcA770), HasSubstr("without the rest of the card"));
  EXPECT_THAT(covers(kRadeon7900), HasSubstr("chip"));
  EXPECT_THAT(covers(kRyzenGraphics), HasSubstr("processor"));
}

TEST(InsideProcessor, IntegratedGraphics) {
  auto files = together(together(radeon_7900_xtx(), ryzen_graphics()), arc_a770_i915());
  files[card_folder("i915", "0000:00:02.0") + "vendor"] = "0x8086";
  const Sysfs sysfs(files);
  EXPECT_TRUE(inside_processor(kRyzenGraphics, sysfs.tree()));
  EXPECT_TRUE(inside_processor("00000000:00:02.0", sysfs.tree()));
  for (const char* other : {kRadeon7900, kArcA770, "0000:00:05.0", "0000:65:00.0", ""}) {
    EXPECT_FALSE(inside_processor(other, sysfs.tree())) << other;
  }
}

TEST(InsideProcessor, Mi300a) {
  auto files = radeon_vii();
  files[card_folder("amdgpu", kRadeonVii) + "device"] = "0x74a0";
  const Sysfs sysfs(files);
  EXPECT_TRUE(inside_processor(kRadeonVii, sysfs.tree()));
}

// Labels, not numbers, say which counter is the card's; without labels the documented order counts.
TEST(HwmonCard, CounterByLabel) {
  auto files = arc_b580_xe();
  const std::string folder = card_folder("xe", kArcB580, "hwmon6");
  files[folder + "energy1_label"] = "pkg";
  files[folder + "energy2_label"] = "card";
  EXPECT_EQ(energy_file(files, kArcB580), "energy2_input");
  files.erase(folder + "energy1_label");
  files.erase(folder + "energy2_label");
  EXPECT_EQ(energy_file(files, kArcB580), "energy1_input");
}

TEST(HwmonCard, ByPciAddress) {
  const Sysfs sysfs(together(radeon_vii("0000:0a:00.0", "hwmon3"), radeon_vii("0000:0b:00.0", "hwmon4")));
  sysfs.write(card_folder("amdgpu", "0000:0b:00.0", "hwmon4") + "power1_average", "99000000");
  EXPECT_THAT(HwmonCard::addresses(sysfs.tree()), ElementsAre("0000:0a:00.0", "0000:0b:00.0"));
  EXPECT_THAT(HwmonCard("0000:0a:00.0", sysfs.tree()).power_watts(), Optional(24.0));
  EXPECT_THAT(HwmonCard("00000000:0B:00.0", sysfs.tree()).power_watts(), Optional(99.0));
  for (const char* other : {"0000:0c:00.0", "0001:0a:00.0", "", "module", ".."}) {
    EXPECT_THAT([&] { HwmonCard(other, sysfs.tree()); }, ThrowsMessage<HwmonError>(HasSubstr("no card of amdgpu")));
  }
}

TEST(HwmonCard, OtherEntriesOfDriverFolder) {
  auto files = arc_b580_xe();
  files["sys/bus/pci/drivers/xe/bind"] = "";
  files["sys/bus/pci/drivers/xe/module/version"] = "1";
  const Sysfs sysfs(files);
  EXPECT_THAT(HwmonCard::addresses(sysfs.tree()), ElementsAre(kArcB580));
}

TEST(HwmonCard, TilesAreNoSecondCard) {
  auto files = arc_a770_i915();
  files[card_folder("i915", kArcA770, "hwmon7") + "name"] = "i915_gt0";
  files[card_folder("i915", kArcA770, "hwmon7") + "energy1_input"] = "1000000";
  EXPECT_DOUBLE_EQ(joules_or_watts(files, kArcA770), 51234.56789);
}

TEST(HwmonCard, SeveralFolders) {
  const Sysfs sysfs(together(radeon_vii(kRadeonVii, "hwmon3"), radeon_vii(kRadeonVii, "hwmon9")));
  EXPECT_THAT([&] { HwmonCard(kRadeonVii, sysfs.tree()); },
              ThrowsMessage<HwmonError>(HasSubstr("several hwmon folders: hwmon3 and hwmon9")));
}

TEST(HwmonCard, WithoutHwmon) {
  const Sysfs sysfs({{card_folder("i915", "0000:00:02.0") + "vendor", "0x8086"}});
  EXPECT_THAT([&] { HwmonCard("0000:00:02.0", sysfs.tree()); },
              ThrowsMessage<HwmonError>(AllOf(HasSubstr("0000:00:02.0"), HasSubstr("integrated graphics"))));
}

std::string why_no_energy(const SysfsFiles& files, const std::string& address) {
  const Sysfs sysfs(files);
  try {
    HwmonCard(address, sysfs.tree()).energy();
  } catch (const HwmonError& error) {
    return error.what();
  }
  return "usable";
}

TEST(HwmonCard, UnusablePower) {
  const std::string folder = card_folder("amdgpu", kRadeon7900, "hwmon4");
  const auto with = [&](const std::string& text) {
    auto files = radeon_7900_xtx();
    files[folder + "power1_average"] = text;
    return why_no_energy(files, kRadeon7900);
  };
  EXPECT_THAT(with("0"), AllOf(HasSubstr("power1_average"), HasSubstr("reads 0")));
  EXPECT_THAT(with("N/A"), HasSubstr("found \"N/A\""));
  EXPECT_THAT(with(""), HasSubstr("found \"\""));
  EXPECT_THAT(with("-22"), HasSubstr("found \"-22\""));
  EXPECT_THAT(with("4294967274"), HasSubstr("error code"));  // -22
  EXPECT_THAT(with("4294963200"), "usable");
  auto without = radeon_7900_xtx();
  without.erase(folder + "power1_average");
  EXPECT_THAT(why_no_energy(without, kRadeon7900), HasSubstr("no energy and no power"));
}

TEST(HwmonCard, SecondSourceIfFirstIsUnusable) {
  auto files = radeon_vii();
  files[card_folder("amdgpu", kRadeonVii, "hwmon3") + "power1_average"] = "0";
  EXPECT_DOUBLE_EQ(joules_or_watts(files, kRadeonVii), 31);
  auto arc = arc_b580_xe();
  arc[card_folder("xe", kArcB580, "hwmon6") + "energy1_input"] = "0";
  EXPECT_DOUBLE_EQ(joules_or_watts(arc, kArcB580), 55000);
}

TEST(HwmonCard, Asleep) {
  const Sysfs sysfs(radeon_7900_xtx());
  const HwmonCard card(kRadeon7900, sysfs.failing("power1_average", EPERM));
  const CardEnergy energy = card.energy();
  EXPECT_EQ(energy.file.filename(), "power1_average");
  EXPECT_THAT([&] { card.read(energy); }, ThrowsMessage<HwmonAsleep>(HasSubstr("powered down")));
  EXPECT_EQ(card.power_watts(), std::nullopt);
}

TEST(HwmonCard, ReadingFails) {
  const Sysfs sysfs(arc_a770_i915());
  for (const auto& [error, reason] :
       {std::pair{EACCES, "Permission denied"}, {ENODATA, "No data available"}, {EIO, "Input/output error"}}) {
    const HwmonCard card(kArcA770, sysfs.failing("energy1_input", error));
    EXPECT_THAT([&] { card.energy(); }, ThrowsMessage<HwmonError>(HasSubstr(reason)));
  }
}

TEST(HwmonState, Amd) {
  const Sysfs sysfs(radeon_vii());
  EXPECT_THAT(hwmon_facts(kRadeonVii, sysfs.tree()),
              ElementsAre(Pair("kernel_driver", "amdgpu"), Pair("core_clock", "808 MHz"),
                          Pair("memory_clock", "351 MHz"), Pair("power", "24 W"), Pair("power_limit", "200 W"),
                          Pair("power_limit_default", "250 W"), Pair("temperature", "34 C")));
  EXPECT_THAT(hwmon_readings(kRadeonVii, sysfs.tree()),
              ElementsAre(Pair("core_mhz", 808.0), Pair("power_watts", 24.0), Pair("temperature_celsius", 34.0)));
}

// A limit of 0 is one that is switched off.
TEST(HwmonState, Intel) {
  const Sysfs sysfs(together(arc_a770_i915(), arc_b580_xe()));
  EXPECT_THAT(hwmon_facts(kArcB580, sysfs.tree()),
              ElementsAre(Pair("kernel_driver", "xe"), Pair("core_clock", "2850 MHz"), Pair("power_limit", "190 W"),
                          Pair("power_limit_default", "190 W"), Pair("temperature", "46 C")));
  EXPECT_THAT(hwmon_facts(kArcA770, sysfs.tree()),
              ElementsAre(Pair("kernel_driver", "i915"), Pair("core_clock", "2400 MHz"), Pair("power_limit", "190 W"),
                          Pair("power_limit_default", "225 W")));
}

TEST(HwmonState, OtherDevices) {
  const Sysfs sysfs({{card_folder("i915", "0000:00:02.0") + "vendor", "0x8086"}});
  EXPECT_THAT(hwmon_facts("0000:65:00.0", sysfs.tree()), IsEmpty());
  EXPECT_THAT(hwmon_facts("", sysfs.tree()), IsEmpty());
  EXPECT_THAT(hwmon_facts("0000:00:02.0", sysfs.tree()), Contains(Pair("hwmon", HasSubstr("no hwmon folder"))));
  EXPECT_THAT(hwmon_readings("0000:00:02.0", sysfs.tree()), IsEmpty());
}

TEST(HwmonState, GarbageIsNoReading) {
  auto files = radeon_vii();
  for (const char* name : {"freq1_input", "power1_average", "power1_input", "temp1_input", "temp2_input"}) {
    files[card_folder("amdgpu", kRadeonVii, "hwmon3") + name] = "unknown";
  }
  const Sysfs sysfs(files);
  EXPECT_THAT(hwmon_readings(kRadeonVii, sysfs.tree()), IsEmpty());
}

}  // namespace
}  // namespace whygpu
