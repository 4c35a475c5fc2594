// A tree of small files in a temporary directory, as the kernel would provide them.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "benchmarks/machine/temporary_folder.h"

namespace whygpu {

class TestTree {
 public:
  using Files = std::map<std::string, std::string>;

  explicit TestTree(const Files& files) {
    for (const auto& [path, content] : files) write(path, content);
  }

  void write(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories((root() / path).parent_path());
    std::ofstream(root() / path) << content << '\n';
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(root() / path); }
  const std::filesystem::path& root() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

// /sys/class/powercap of a server with two Intel Xeon packages.
inline TestTree::Files two_package_rapl() {
  const std::string zone = "sys/class/powercap/intel-rapl";
  return {
      {zone + "/enabled", "1"},
      {zone + ":0/name", "package-0"},
      {zone + ":0/energy_uj", "262143000000"},
      {zone + ":0/max_energy_range_uj", "262143328850"},
      {zone + ":0:0/name", "dram"},
      {zone + ":0:0/energy_uj", "1000000"},
      {zone + ":0:0/max_energy_range_uj", "65712999613"},
      {zone + ":0:1/name", "core"},
      {zone + ":0:1/energy_uj", "5"},
      {zone + ":0:1/max_energy_range_uj", "65712999613"},
      {zone + ":1/name", "package-1"},
      {zone + ":1/energy_uj", "7000000"},
      {zone + ":1/max_energy_range_uj", "262143328850"},
      {zone + ":2/name", "psys"},
      {zone + ":2/energy_uj", "1"},
      {zone + ":2/max_energy_range_uj", "262143328850"},
  };
}

}  // namespace whygpu
