// Finds backend modules and loads one of them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "backends/backend.h"

namespace whygpu {

class LoadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Module files by backend name: NAME.so in the folders of WHYGPU_BACKEND_PATH (separated by colons), then in
// `backends/` beside the running executable. The first of a name wins. Nothing is loaded.
std::map<std::string, std::filesystem::path> find_modules();

// A backend from a module. The module stays loaded to the end of the process: threading runtimes do not survive
// unloading.
class LoadedBackend {
 public:
  // Loads `file` and creates its backend. Throws LoadError with the loader's, or the backend's, own reason.
  LoadedBackend(const std::filesystem::path& file, const Settings& settings);

  Backend& operator*() const { return *backend_; }
  Backend* operator->() const { return backend_.get(); }
  std::string_view name() const { return name_; }

 private:
  std::string name_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace whygpu
