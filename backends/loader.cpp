#include "backends/loader.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <vector>

namespace whygpu {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> module_folders() {
  std::vector<fs::path> folders;
  if (const char* path = std::getenv("WHYGPU_BACKEND_PATH")) {
    std::istringstream stream(path);
    for (std::string folder; std::getline(stream, folder, ':');) {
      if (!folder.empty()) folders.emplace_back(folder);
    }
  }
  std::error_code ignored;
  folders.push_back(fs::read_symlink("/proc/self/exe", ignored).parent_path() / "backends");
  return folders;
}

// In the first of the folders that has it; empty if none has.
fs::path find_file(const fs::path& name) {
  for (const auto& folder : module_folders()) {
    std::error_code unreadable;
    if (fs::exists(folder / name, unreadable)) return folder / name;
  }
  return {};
}

std::string refusal(const fs::path& file, const std::string& why) { return file.string() + ": " + why; }

std::string hex(std::uint32_t number) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(number));
  return digits;
}

// Loads `file` and returns the module from its entry point, after checking that it fits this build.
template <class M>
const M* open_module(const fs::path& file, const char* entry_point, const std::string& what) {
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw LoadError(dlerror());
  const auto entry = reinterpret_cast<const M* (*)()>(dlsym(handle, entry_point));
  if (entry == nullptr) throw LoadError(refusal(file, "is not a whygpu " + what + ": no " + entry_point));
  const M* module = entry();
  if (module == nullptr) throw LoadError(refusal(file, "its entry point returns no " + what));
  const std::string name = module->name == nullptr ? "?" : module->name;
  if (module->interface != kInterface) {
    throw LoadError(refusal(file, what + " \"" + name + "\" was built for interface " + hex(module->interface) +
                                      "; whygpu " + kVersion + " has interface " + hex(kInterface) +
                                      ": rebuild it against this version"));
  }
  if (std::strcmp(module->standard_library, kStandardLibrary) != 0) {
    throw LoadError(refusal(file, what + " \"" + name + "\" was built with " + module->standard_library +
                                      "; this whygpu with " + kStandardLibrary + ": rebuild it with " +
                                      kStandardLibrary));
  }
  return module;
}

// OpenCL devices share their kernels, whatever the device is.
std::string layer_kernels_name(DeviceKind kind) {
  return std::string(device_kind_name(kind == DeviceKind::cpu_opencl ? DeviceKind::opencl : kind)) + ".so";
}

const CommunicatorModule& open_communicator_module(const fs::path& file) {
  return *open_module<CommunicatorModule>(file, "whygpu_communicator_module", "communicator");
}

// Empty if there is none.
fs::path find_communicator(DeviceKind kind) {
  const char* name = kind == DeviceKind::cpu ? "mpi.so" : kind == DeviceKind::cuda ? "nccl.so" : nullptr;
  return name == nullptr ? fs::path() : find_file(fs::path("communicators") / name);
}

std::unique_ptr<Communicator> open_communicator(const fs::path& file, World* world, Device* device) {
  try {
    return std::unique_ptr<Communicator>(open_communicator_module(file).create(world, device));
  } catch (const std::exception& error) {
    throw LoadError(error.what());
  }
}

}  // namespace

std::map<std::string, fs::path> find_modules() {
  std::map<std::string, fs::path> modules;
  for (const auto& folder : module_folders()) {
    std::error_code unreadable;
    for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
      if (entry.path().extension() == ".so") modules.emplace(entry.path().stem().string(), entry.path());
    }
  }
  return modules;
}

LoadedBackend::LoadedBackend(const fs::path& file, const Settings& settings) {
  const Module& module = *open_module<Module>(file, "whygpu_backend_module", "backend");
  name_ = module.name;
  if (name_ != file.stem()) {
    throw LoadError(file.string() + ": is the backend \"" + name_ + "\"; its file must be named " + name_ + ".so");
  }
  try {
    backend_.reset(module.create(settings));
  } catch (const std::exception& error) {
    throw LoadError(error.what());
  }
}

fs::path find_layer_kernels(DeviceKind kind) { return find_file(fs::path("layers") / layer_kernels_name(kind)); }

std::unique_ptr<LayerKernels> load_layer_kernels(Device& device) {
  const fs::path file = find_layer_kernels(device.kind());
  if (file.empty()) {
    throw LoadError("this build has no network layer kernels for " + std::string(device_kind_name(device.kind())) +
                    " devices (layers/" + layer_kernels_name(device.kind()) + ")");
  }
  return std::unique_ptr<LayerKernels>(
      open_module<LayerModule>(file, "whygpu_layer_module", "set of layer kernels")->create(device));
}

std::string missing_communicator(DeviceKind kind) {
  const fs::path file = find_communicator(kind);
  if (file.empty() && kind == DeviceKind::cpu) {
    return "this build has no MPI: one rank only (Debian: apt-get install libopenmpi-dev openmpi-bin)";
  }
  if (file.empty()) {
    return "this build moves no memory of " + std::string(device_kind_name(kind)) + " devices between ranks";
  }
  try {
    const CommunicatorModule& module = open_communicator_module(file);
    return module.missing == nullptr ? "" : module.missing();
  } catch (const LoadError& error) {
    return error.what();
  }
}

std::unique_ptr<World> join_world() {
  if (const std::string missing = missing_communicator(DeviceKind::cpu); !missing.empty()) throw LoadError(missing);
  const fs::path file = find_communicator(DeviceKind::cpu);
  return std::unique_ptr<World>(static_cast<World*>(open_communicator(file, nullptr, nullptr).release()));
}

std::unique_ptr<Communicator> load_communicator(World& world, Device& device) {
  if (const std::string missing = missing_communicator(device.kind()); !missing.empty()) throw LoadError(missing);
  return open_communicator(find_communicator(device.kind()), &world, &device);
}

}  // namespace whygpu
