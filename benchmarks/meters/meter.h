// Where energy can be read on this machine, and why not where it cannot.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace whygpu {

// A meter that fails while in use; what() says which file or call, and what it answered.
class MeterError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Whose energy it is: processors and memory of the host, an accelerator, or the machine as its power supply sees it.
enum class MeterScope { host, device, machine };
const char* scope_name(MeterScope scope);

class Meter {
 public:
  virtual ~Meter() = default;
  virtual std::string name() const = 0;  // "rapl package-0"
  virtual MeterScope scope() const = 0;
  virtual std::string how() const = 0;                   // what is read, how often it changes, over what it is averaged
  virtual std::string pci_bus_id() const { return {}; }  // of an accelerator, "0000:65:00.0"; empty where not told

  // Energy since an arbitrary moment; never falls. Throws MeterError.
  virtual double joules() = 0;

  // The shortest time between two readings whose difference means something.
  virtual double resolution_seconds() const = 0;
};

// A place where energy could be read: a meter, or the reason why there is none, with the command that would help.
struct MeterOffer {
  std::string source;  // "rapl (powercap)"
  std::unique_ptr<Meter> meter;
  std::string reason;  // of a place without a meter
};

// The files that readers see. Tests put a recorded tree, or a reader that fails, in place of the system's.
struct FileTree {
  std::filesystem::path root = "/";

  // Content of `path` below the root without the final newline. Throws std::system_error with the reason.
  std::function<std::string(const std::filesystem::path& absolute)> read_file;

  FileTree();
  explicit FileTree(std::filesystem::path root_directory);

  std::string read(const std::filesystem::path& path) const;
  std::optional<std::string> try_read(const std::filesystem::path& path) const;  // nothing when it cannot be read
  std::vector<std::filesystem::path> list(const std::filesystem::path& directory) const;  // sorted; empty when missing
};

// A whole number out of `text`. Throws MeterError naming `path` when it holds anything else.
double parse_reading(const std::string& text, const std::filesystem::path& path);

}  // namespace whygpu
