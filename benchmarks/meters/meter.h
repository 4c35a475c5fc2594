// Energy meters of this machine, and the reasons why some are not usable.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "backends/devices/file_tree.h"

namespace whygpu {

// A meter that failed during use; what() names the file or call and the error.
class MeterError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What is measured: processors and memory of the host, an accelerator, or the whole machine at its power supply.
enum class MeterScope { host, device, machine };
const char* scope_name(MeterScope scope);

class Meter {
 public:
  virtual ~Meter() = default;
  virtual std::string name() const = 0;  // "rapl package-0"
  virtual MeterScope scope() const = 0;
  virtual std::string how() const = 0;                   // what is read, how often it changes, the averaging time
  virtual std::string pci_bus_id() const { return {}; }  // of an accelerator, "0000:65:00.0"; empty if unknown

  // Energy since an arbitrary moment; never decreases. Throws MeterError. The first call after construction or stop()
  // may start a thread that samples.
  virtual double joules() = 0;

  // Ends what runs in the background, until the next call of joules().
  virtual void stop() {}

  // The shortest meaningful interval between two readings.
  virtual double resolution_seconds() const = 0;

  // How long after a change of load a reading still contains the old one.
  virtual double lag_seconds() const { return 0; }
};

// A possible source of energy readings: a meter, or the reason why there is none, with a command that would help.
struct MeterOffer {
  std::string source;  // "rapl (powercap)"
  std::unique_ptr<Meter> meter;
  std::string reason;  // if there is no meter
};

// Parses a whole number. Throws MeterError naming `path` if `text` contains anything else.
double parse_reading(const std::string& text, const std::filesystem::path& path);

}  // namespace whygpu
