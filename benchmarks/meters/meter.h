// Energy meters of this machine, and the reasons why some are not usable.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

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

  // Energy since an arbitrary moment; never decreases. Throws MeterError.
  virtual double joules() = 0;

  // The shortest meaningful interval between two readings.
  virtual double resolution_seconds() const = 0;
};

// A possible source of energy readings: a meter, or the reason why there is none, with a command that would help.
struct MeterOffer {
  std::string source;  // "rapl (powercap)"
  std::unique_ptr<Meter> meter;
  std::string reason;  // if there is no meter
};

// File access of the readers. Tests substitute a recorded tree, or a reader that fails.
struct FileTree {
  std::filesystem::path root = "/";

  // Contents of `path` below the root without the final newline. Throws std::system_error with the reason.
  std::function<std::string(const std::filesystem::path& absolute)> read_file;

  FileTree();
  explicit FileTree(std::filesystem::path root_directory);

  std::string read(const std::filesystem::path& path) const;
  std::optional<std::string> try_read(const std::filesystem::path& path) const;  // nothing if it cannot be read
  std::vector<std::filesystem::path> list(const std::filesystem::path& directory) const;  // sorted; empty if missing
};

// Parses a whole number. Throws MeterError naming `path` if `text` contains anything else.
double parse_reading(const std::string& text, const std::filesystem::path& path);

}  // namespace whygpu
