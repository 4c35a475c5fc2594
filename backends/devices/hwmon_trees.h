// Sysfs files of graphics cards for tests, modelled on public listings: names and labels as the drivers give them.
#pragma once

#include <map>
#include <string>

namespace whygpu {

using SysfsFiles = std::map<std::string, std::string>;

inline constexpr char kRadeonVii[] = "0000:0a:00.0";
inline constexpr char kRadeon7900[] = "0000:03:00.0";
inline constexpr char kRadeon580[] = "0000:1d:00.0";
inline constexpr char kRyzenGraphics[] = "0000:c4:00.0";
inline constexpr char kArcA770[] = "0000:04:00.0";
inline constexpr char kArcA750[] = "0000:07:00.0";
inline constexpr char kArcB580[] = "0000:76:00.0";

// "sys/bus/pci/drivers/xe/0000:76:00.0/hwmon/hwmon6/"; without `hwmon` the card's own folder.
inline std::string card_folder(const std::string& driver, const std::string& address, const std::string& hwmon = {}) {
  const std::string card = "sys/bus/pci/drivers/" + driver + "/" + address + "/";
  return hwmon.empty() ? card : card + "hwmon/" + hwmon + "/";
}

inline SysfsFiles below(const std::string& folder, const SysfsFiles& files) {
  SysfsFiles moved;
  for (const auto& [name, text] : files) moved[folder + name] = text;
  return moved;
}

inline SysfsFiles together(SysfsFiles files, const SysfsFiles& more) {
  files.insert(more.begin(), more.end());
  return files;
}

// Vega 20 has both power files since Linux 6.6.
inline SysfsFiles radeon_vii(const std::string& address = kRadeonVii, const std::string& hwmon = "hwmon3") {
  return together(below(card_folder("amdgpu", address), {{"vendor", "0x1002"}, {"device", "0x66af"}}),
                  below(card_folder("amdgpu", address, hwmon), {{"name", "amdgpu"},
                                                                {"power1_average", "24000000"},
                                                                {"power1_input", "31000000"},
                                                                {"power1_label", "PPT"},
                                                                {"power1_cap", "200000000"},
                                                                {"power1_cap_default", "250000000"},
                                                                {"power1_cap_max", "300000000"},
                                                                {"in0_input", "737"},
                                                                {"in0_label", "vddgfx"},
                                                                {"temp1_input", "34000"},
                                                                {"temp1_label", "edge"},
                                                                {"temp2_input", "35000"},
                                                                {"temp2_label", "junction"},
                                                                {"freq1_input", "808000000"},
                                                                {"freq1_label", "sclk"},
                                                                {"freq2_input", "351000000"},
                                                                {"freq2_label", "mclk"}}));
}

inline SysfsFiles radeon_7900_xtx() {
  return together(below(card_folder("amdgpu", kRadeon7900), {{"vendor", "0x1002"}, {"device", "0x744c"}}),
                  below(card_folder("amdgpu", kRadeon7900, "hwmon4"), {{"name", "amdgpu"},
                                                                       {"power1_average", "317000000"},
                                                                       {"power1_label", "PPT"},
                                                                       {"power1_cap", "339000000"},
                                                                       {"power1_cap_default", "339000000"},
                                                                       {"in0_input", "1018"},
                                                                       {"temp1_input", "61000"},
                                                                       {"freq1_input", "2482000000"},
                                                                       {"freq2_input", "1249000000"}}));
}

// Polaris and Vega 10 have a momentary value only since Linux 6.6.
inline SysfsFiles radeon_580() {
  return below(card_folder("amdgpu", kRadeon580, "hwmon2"), {{"name", "amdgpu"}, {"power1_input", "33125000"}});
}

inline SysfsFiles ryzen_graphics() {
  return below(card_folder("amdgpu", kRyzenGraphics, "hwmon5"), {{"name", "amdgpu"},
                                                                 {"power1_average", "17080000"},
                                                                 {"in0_label", "vddgfx"},
                                                                 {"in1_input", "724"},
                                                                 {"in1_label", "vddnb"},
                                                                 {"freq1_input", "800000000"}});
}

inline SysfsFiles arc_a770_i915() {
  return together(below(card_folder("i915", kArcA770), {{"drm/card1/gt_act_freq_mhz", "2400"}}),
                  below(card_folder("i915", kArcA770, "hwmon5"), {{"name", "i915"},
                                                                  {"energy1_input", "51234567890"},
                                                                  {"in0_input", "890"},
                                                                  {"power1_max", "190000000"},
                                                                  {"power1_max_interval", "28000"},
                                                                  {"power1_rated_max", "225000000"}}));
}

// The same generation under xe: only the package's channel.
inline SysfsFiles arc_a750_xe() {
  return below(card_folder("xe", kArcA750, "hwmon3"), {{"name", "xe"},
                                                       {"energy2_input", "9000000000"},
                                                       {"energy2_label", "pkg"},
                                                       {"power2_max", "190000000"},
                                                       {"power2_rated_max", "200000000"}});
}

inline SysfsFiles arc_b580_xe() {
  return together(below(card_folder("xe", kArcB580), {{"tile0/gt0/freq0/act_freq", "2850"}}),
                  below(card_folder("xe", kArcB580, "hwmon6"), {{"name", "xe"},
                                                                {"energy1_input", "77000000000"},
                                                                {"energy1_label", "card"},
                                                                {"energy2_input", "55000000000"},
                                                                {"energy2_label", "pkg"},
                                                                {"power1_label", "card"},
                                                                {"power1_max", "0"},
                                                                {"power2_max", "190000000"},
                                                                {"power2_rated_max", "190000000"},
                                                                {"temp2_input", "46000"},
                                                                {"temp2_label", "pkg"},
                                                                {"temp3_input", "52000"},
                                                                {"temp3_label", "vram"}}));
}

}  // namespace whygpu
