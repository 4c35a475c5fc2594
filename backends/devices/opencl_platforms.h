// The OpenCL devices of a machine, and what they tell of themselves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/devices/opencl.h"

namespace whygpu {

// Empty if the platform or device does not know the parameter.
std::string opencl_text(cl_platform_id platform, cl_platform_info parameter);
std::string opencl_text(cl_device_id device, cl_device_info parameter);

template <class T>
std::optional<T> opencl_value(cl_device_id device, cl_device_info parameter) {
  T value{};
  // NOLINTNEXTLINE(bugprone-sizeof-expression): OpenCL's handles are pointers
  if (clGetDeviceInfo(device, parameter, sizeof value, &value, nullptr) != CL_SUCCESS) return std::nullopt;
  return value;
}

bool opencl_has_extension(cl_device_id device, std::string_view extension);

// The platform's usual short name: "PoCL" for "Portable Computing Language".
std::string opencl_platform_name(cl_device_id device);

// As its vendor calls it: the board's name where the device's is that of a chip ("gfx906").
std::string opencl_device_name(cl_device_id device);

// "0000:41:00.0" where an extension gives it, otherwise empty.
std::string opencl_pci_address(cl_device_id device);

// Devices of all platforms: GPUs first, then other accelerators, then CPUs. Throws if there is no platform or no
// device.
std::vector<cl_device_id> opencl_devices();

}  // namespace whygpu
