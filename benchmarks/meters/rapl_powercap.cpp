#include <system_error>

#include "benchmarks/meters/counter.h"
#include "benchmarks/meters/sources.h"

namespace whygpu {
namespace {

constexpr char kPowercapSource[] = "rapl (powercap)";
constexpr char kGrant[] = "`sudo chmod a+r /sys/class/powercap/*/energy_uj` grants it until the next boot";

class PowercapMeter final : public Meter {
 public:
  PowercapMeter(const FileTree& files, std::filesystem::path zone, std::string zone_name)
      : files_(files),
        energy_(std::move(zone) / "energy_uj"),
        name_("rapl " + std::move(zone_name)),
        counter_(parse_reading(files.read(energy_.parent_path() / "max_energy_range_uj"),
                               energy_.parent_path() / "max_energy_range_uj")) {
    joules();
  }

  std::string name() const override { return name_; }
  MeterScope scope() const override { return MeterScope::host; }
  std::string how() const override { return "energy counter in /" + energy_.string() + ", updated every millisecond"; }
  double resolution_seconds() const override { return 0.01; }

  double joules() override {
    try {
      return 1e-6 * counter_.update(parse_reading(files_.read(energy_), energy_));
    } catch (const std::system_error& error) {
      throw MeterError(energy_.string() + ": " + error.code().message());
    }
  }

 private:
  FileTree files_;
  std::filesystem::path energy_;
  std::string name_;
  WrappingCounter counter_;
};

// Packages and memory. Cores and graphics are part of a package; psys, the whole platform, would count both twice.
bool counts_once(const std::string& zone_name) { return zone_name.starts_with("package") || zone_name == "dram"; }

MeterOffer offer(const FileTree& files, const std::filesystem::path& zone, const std::string& zone_name) {
  try {
    files.read(zone / "energy_uj");  // readable only by root since 2020 (CVE-2020-8694)
    return {kPowercapSource, std::make_unique<PowercapMeter>(files, zone, zone_name), {}};
  } catch (const std::system_error& error) {
    std::string reason = (zone / "energy_uj").string() + ": " + error.code().message();
    if (error.code() == std::errc::permission_denied) reason += std::string("; ") + kGrant;
    return {kPowercapSource, nullptr, reason};
  } catch (const MeterError& error) {
    return {kPowercapSource, nullptr, error.what()};
  }
}

}  // namespace

std::vector<MeterOffer> find_powercap_meters(const FileTree& files) {
  std::vector<MeterOffer> offers;
  for (const auto& zone : files.list("sys/class/powercap")) {
    if (!zone.filename().string().starts_with("intel-rapl:")) continue;
    const auto name = files.try_read(zone / "name");
    if (!name || !counts_once(*name)) continue;
    // A memory controller is named after its package, e.g. "intel-rapl:1:0" after 1.
    const std::string socket = zone.filename().string().substr(11, 1);
    offers.push_back(offer(files, zone, *name == "dram" ? "dram-" + socket : *name));
  }
  if (offers.empty()) {
    offers.push_back({kPowercapSource, nullptr,
                      "/sys/class/powercap has no intel-rapl zone: a virtual machine, a processor without RAPL, or "
                      "a missing module: `sudo modprobe intel_rapl_msr`"});
  }
  return offers;
}

}  // namespace whygpu
