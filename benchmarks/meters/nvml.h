// The few functions of the NVIDIA Management Library that whygpu calls, loaded at run time: a machine without the
// driver runs the same build. Signatures and codes: NVML API Reference Guide.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace whygpu {

class NvmlError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Nvml {
 public:
  using Device = void*;

  // Loads `library` and starts it. Throws NvmlError with the loader's or the library's reason.
  explicit Nvml(const std::string& library = "libnvidia-ml.so.1");
  ~Nvml();

  unsigned device_count() const;
  Device device(unsigned index) const;
  std::string device_name(Device device) const;

  // A number that the library answers for a device by the function `symbol` of type (device, T*); nothing when the GPU
  // or the driver does not offer it.
  template <class T>
  std::optional<T> query(const char* symbol, Device device) const {
    T value{};
    if (call(symbol, device, &value) != 0) return std::nullopt;
    return value;
  }

  // As query(), for functions of type (device, int selector, T*).
  template <class T>
  std::optional<T> query(const char* symbol, Device device, int selector) const {
    T value{};
    if (call(symbol, device, selector, &value) != 0) return std::nullopt;
    return value;
  }

  // As query(), for functions of type (device, T*, T*).
  std::optional<std::pair<unsigned, unsigned>> query_pair(const char* symbol, Device device) const;

  // Process ids of what computes on the device.
  std::vector<unsigned> processes(Device device) const;

 private:
  int call(const char* symbol, Device device, void* value) const;
  int call(const char* symbol, Device device, int selector, void* value) const;
  void* find(const char* symbol) const;
  std::string error_text(int code) const;

  struct Unload {
    void operator()(void* handle) const;
  };
  std::unique_ptr<void, Unload> library_;
};

}  // namespace whygpu
