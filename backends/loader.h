// Finds and loads modules: backends, the kernels of network layers for a kind of device, and communicators.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "backends/communicators/communicator.h"
#include "backends/layers/layer.h"
#include "whygpu/backend.h"

namespace whygpu {

class LoadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Module files by backend name: NAME.so in the folders of WHYGPU_BACKEND_PATH (separated by colons), then in
// `backends/` beside the running executable. The first match wins. Nothing is loaded.
std::map<std::string, std::filesystem::path> find_modules();

// A backend from a module. The module stays loaded until the process ends, because threading runtimes do not survive
// unloading.
class LoadedBackend {
 public:
  // Loads `file` and creates its backend. Throws LoadError with the loader's or the backend's reason.
  LoadedBackend(const std::filesystem::path& file, const Settings& settings);

  Backend& operator*() const { return *backend_; }
  Backend* operator->() const { return backend_.get(); }
  std::string_view name() const { return name_; }

 private:
  std::string name_;
  std::unique_ptr<Backend> backend_;
};

// The kernels of network layers for the device's kind: layers/KIND.so in one of the folders of find_modules(), where
// cpu-opencl shares those of opencl. They must not outlive the device. Throws LoadError.
std::unique_ptr<LayerKernels> load_layer_kernels(Device& device);

// The file that load_layer_kernels() loads; empty if there is none.
std::filesystem::path find_layer_kernels(DeviceKind kind);

// The ranks that this process's launcher started. Throws LoadError.
std::unique_ptr<World> join_world();

// The collectives of a device between the ranks of `world`, unless its memory is the host's. Throws LoadError.
std::unique_ptr<Communicator> load_communicator(World& world, Device& device);

// Why memory of this kind of device cannot be moved between ranks here; empty if it can.
std::string missing_communicator(DeviceKind kind);

}  // namespace whygpu
