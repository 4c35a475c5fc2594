#include "backends/loader.h"

#include <dlfcn.h>

#include <cstdlib>
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
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw LoadError(dlerror());
  using EntryPoint = const Module* (*)();
  const auto entry = reinterpret_cast<EntryPoint>(dlsym(handle, "whygpu_backend_module"));
  if (entry == nullptr) throw LoadError(file.string() + " is not a whygpu backend: no whygpu_backend_module in it");
  const Module* module = entry();
  if (module == nullptr || module->abi != kBackendAbi) {
    throw LoadError(file.string() + " has backend ABI " + (module ? std::to_string(module->abi) : "none") +
                    "; this build needs " + std::to_string(kBackendAbi) + ": rebuild the module");
  }
  name_ = module->name;
  try {
    backend_.reset(module->create(settings));
  } catch (const std::exception& error) {
    throw LoadError(error.what());
  }
}

}  // namespace whygpu
