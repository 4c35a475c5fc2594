#include "benchmarks/meters/sources.h"

#include <array>
#include <string_view>
#include <system_error>

#include "benchmarks/meters/counter.h"
#include "benchmarks/meters/sampled_meter.h"

namespace whygpu {
namespace {

struct KnownChip {
  std::string_view name;
  MeterScope scope;
  std::string_view averaging;  // of power readings
  double lag_seconds;
};
constexpr KnownChip kChips[] = {
    {"amd_energy", MeterScope::host, "", 0},
    {"amd_hsmp_hwmon", MeterScope::host, "the firmware averages over about a millisecond", 0},
    {"power_meter", MeterScope::machine, "the power supply averages over about a second", 1},
};

double read_micro(const FileTree& files, const std::filesystem::path& path) {
  try {
    return 1e-6 * parse_reading(files.read(path), path);
  } catch (const std::system_error& error) {
    std::string reason = path.string() + ": " + error.code().message();
    if (error.code() == std::errc::permission_denied)
      reason += "; `sudo chmod a+r /" + path.string() + "` grants it until the next boot";
    throw MeterError(reason);
  }
}

// The driver extends the counters of the processor to 64 bits.
class EnergyFileMeter final : public Meter {
 public:
  EnergyFileMeter(const FileTree& files, std::filesystem::path path, std::string name, MeterScope scope)
      : files_(files), path_(std::move(path)), name_(std::move(name)), scope_(scope) {
    joules();
  }
  std::string name() const override { return name_; }
  MeterScope scope() const override { return scope_; }
  std::string how() const override { return "energy counter in /" + path_.string(); }
  double joules() override { return counter_.update(read_micro(files_, path_), path_.string()); }
  double resolution_seconds() const override { return 0.1; }

 private:
  FileTree files_;
  std::filesystem::path path_;
  std::string name_;
  MeterScope scope_;
  MonotonicCounter counter_;
};

std::unique_ptr<Meter> make_meter(const FileTree& files, const KnownChip& chip, const std::filesystem::path& file,
                                  const std::string& label) {
  const std::string name = "hwmon " + std::string(chip.name) + " " + label;
  if (file.filename().string().starts_with("energy")) {
    return std::make_unique<EnergyFileMeter>(files, file, name, chip.scope);
  }
  read_micro(files, file);  // throws the reason if it cannot be read
  return std::make_unique<SampledMeter>(name, chip.scope, std::string(chip.averaging), chip.lag_seconds,
                                        [files, file] { return read_micro(files, file); });
}

// A chip's energy counters, or its power readings if it has none. amd_energy counts each core as well as the sockets.
std::vector<std::filesystem::path> sensors(const FileTree& files, const std::filesystem::path& chip) {
  std::vector<std::filesystem::path> energy, average, input;
  for (const auto& file : files.list(chip)) {
    const std::string name = file.filename().string();
    if (name.starts_with("energy") && name.ends_with("_input")) energy.push_back(file);
    if (name.starts_with("power") && name.ends_with("_average")) average.push_back(file);
    if (name.starts_with("power") && name.ends_with("_input")) input.push_back(file);
  }
  return !energy.empty() ? energy : !average.empty() ? average : input;
}

std::string label_of(const FileTree& files, const std::filesystem::path& sensor) {
  const std::string name = sensor.filename().string();
  const std::string stem = name.substr(0, name.find('_'));
  return files.try_read(sensor.parent_path() / (stem + "_label")).value_or(stem);
}

}  // namespace

std::vector<MeterOffer> find_hwmon_meters(const FileTree& files) {
  std::vector<MeterOffer> offers;
  for (const auto& directory : files.list("sys/class/hwmon")) {
    const auto name = files.try_read(directory / "name");
    for (const KnownChip& chip : kChips) {
      if (!name || *name != chip.name) continue;
      for (const auto& sensor : sensors(files, directory)) {
        const std::string label = label_of(files, sensor);
        if (chip.name == "amd_energy" && !label.starts_with("Esocket")) continue;
        try {
          offers.push_back({"hwmon", make_meter(files, chip, sensor, label), {}});
        } catch (const MeterError& error) {
          offers.push_back({"hwmon", nullptr, error.what()});
        }
      }
    }
  }
  if (offers.empty())
    offers.push_back({"hwmon", nullptr, "/sys/class/hwmon has no power or energy sensor known to whygpu"});
  return offers;
}

}  // namespace whygpu
