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
        range_(parse_reading(files.read(energy_.parent_path() / "max_energy_range_uj"),
                             energy_.parent_path() / "max_energy_range_uj")),
        counter_(range_) {
    if (read() == 0) throw MeterError(energy_.string() + " reads 0: it does not count");
  }

  std::string name() const override { return name_; }
  MeterScope scope() const override { return MeterScope::host; }
  std::string how() const override { return "energy counter in /" + energy_.string() + ", updated every millisecond"; }
  double resolution_seconds() const override { return 0.01; }

  double joules() override { return 1e-6 * counter_.update(read()); }

 private:
  double read() const {
    try {
      const double reading = parse_reading(files_.read(energy_), energy_);
      if (reading > range_) throw MeterError(energy_.string() + ": above max_energy_range_uj");
      return reading;
    } catch (const std::system_error& error) {
      throw MeterError(energy_.string() + ": " + error.code().message());
    }
  }

  FileTree files_;
  std::filesystem::path energy_;
  std::string name_;
  double range_;
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

// The sum over some of the packages would pass for that of all.
void all_packages_or_none(std::vector<MeterOffer>& offers, const std::vector<bool>& is_package) {
  std::string missing;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (is_package[i] && !offers[i].meter) missing = offers[i].reason;
  }
  if (missing.empty()) return;
  for (auto& offer : offers) {
    if (!offer.meter) continue;
    offer.reason = offer.meter->name() + " is only a part: " + missing;
    offer.meter.reset();
  }
}

}  // namespace

std::vector<MeterOffer> find_powercap_meters(const FileTree& files) {
  std::vector<MeterOffer> offers;
  std::vector<bool> is_package;
  for (const auto& zone : files.list("sys/class/powercap")) {
    if (!zone.filename().string().starts_with("intel-rapl:")) continue;
    const auto name = files.try_read(zone / "name");
    if (!name || !counts_once(*name)) continue;
    // A memory controller is named after its package, e.g. "intel-rapl:1:0" after 1.
    const std::string number = zone.filename().string().substr(std::string("intel-rapl:").size());
    const std::string socket = number.substr(0, number.find(':'));
    offers.push_back(offer(files, zone, *name == "dram" ? "dram-" + socket : *name));
    is_package.push_back(*name != "dram");
  }
  all_packages_or_none(offers, is_package);
  if (offers.empty()) {
    offers.push_back({kPowercapSource, nullptr,
                      "/sys/class/powercap has no intel-rapl zone: a virtual machine, a processor without RAPL, or "
                      "a missing module: `sudo modprobe intel_rapl_msr`"});
  }
  return offers;
}

}  // namespace whygpu
