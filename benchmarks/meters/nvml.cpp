#include "benchmarks/meters/nvml.h"

#include <dlfcn.h>

namespace whygpu {
namespace {

constexpr int kFunctionNotFound = 13;  // NVML_ERROR_FUNCTION_NOT_FOUND
constexpr int kInsufficientSize = 7;   // NVML_ERROR_INSUFFICIENT_SIZE

// nvmlProcessInfo_v2_t
struct ProcessInfo {
  unsigned pid;
  unsigned long long used_memory;
  unsigned gpu_instance, compute_instance;
};

}  // namespace

void Nvml::Unload::operator()(void* handle) const { dlclose(handle); }

Nvml::Nvml(const std::string& library) : library_(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!library_) throw NvmlError(dlerror());
  auto* start = reinterpret_cast<int (*)()>(find("nvmlInit_v2"));
  if (start == nullptr) throw NvmlError(library + " has no nvmlInit_v2: too old a driver");
  if (const int code = start(); code != 0) throw NvmlError("nvmlInit: " + error_text(code));
}

Nvml::~Nvml() {
  if (auto* stop = reinterpret_cast<int (*)()>(find("nvmlShutdown"))) stop();
}

void* Nvml::find(const char* symbol) const { return dlsym(library_.get(), symbol); }

std::string Nvml::error_text(int code) const {
  auto* text = reinterpret_cast<const char* (*)(int)>(find("nvmlErrorString"));
  return text != nullptr ? text(code) : "error " + std::to_string(code);
}

int Nvml::call(const char* symbol, Device device, void* value) const {
  auto* function = reinterpret_cast<int (*)(Device, void*)>(find(symbol));
  return function != nullptr ? function(device, value) : kFunctionNotFound;
}

int Nvml::call(const char* symbol, Device device, int selector, void* value) const {
  auto* function = reinterpret_cast<int (*)(Device, int, void*)>(find(symbol));
  return function != nullptr ? function(device, selector, value) : kFunctionNotFound;
}

unsigned Nvml::device_count() const {
  unsigned count = 0;
  auto* function = reinterpret_cast<int (*)(unsigned*)>(find("nvmlDeviceGetCount_v2"));
  const int code = function != nullptr ? function(&count) : kFunctionNotFound;
  if (code != 0) throw NvmlError("nvmlDeviceGetCount: " + error_text(code));
  return count;
}

Nvml::Device Nvml::device(unsigned index) const {
  Device device = nullptr;
  auto* function = reinterpret_cast<int (*)(unsigned, Device*)>(find("nvmlDeviceGetHandleByIndex_v2"));
  const int code = function != nullptr ? function(index, &device) : kFunctionNotFound;
  if (code != 0) throw NvmlError("GPU " + std::to_string(index) + ": " + error_text(code));
  return device;
}

std::string Nvml::device_name(Device device) const {
  char name[96] = "";
  auto* function = reinterpret_cast<int (*)(Device, char*, unsigned)>(find("nvmlDeviceGetName"));
  return function != nullptr && function(device, name, sizeof name) == 0 ? name : "unknown GPU";
}

std::optional<std::pair<unsigned, unsigned>> Nvml::query_pair(const char* symbol, Device device) const {
  std::pair<unsigned, unsigned> values;
  auto* function = reinterpret_cast<int (*)(Device, unsigned*, unsigned*)>(find(symbol));
  if (function == nullptr || function(device, &values.first, &values.second) != 0) return std::nullopt;
  return values;
}

std::vector<unsigned> Nvml::processes(Device device) const {
  auto* function =
      reinterpret_cast<int (*)(Device, unsigned*, ProcessInfo*)>(find("nvmlDeviceGetComputeRunningProcesses_v3"));
  if (function == nullptr) return {};
  std::vector<ProcessInfo> found(64);
  auto count = static_cast<unsigned>(found.size());
  int code = function(device, &count, found.data());
  if (code == kInsufficientSize) {
    found.resize(2 * static_cast<std::size_t>(count));
    count = static_cast<unsigned>(found.size());
    code = function(device, &count, found.data());
  }
  std::vector<unsigned> pids;
  for (unsigned i = 0; code == 0 && i < count; ++i) pids.push_back(found[i].pid);
  return pids;
}

}  // namespace whygpu
