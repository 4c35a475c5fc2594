#include "backends/devices/opencl_platforms.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace whygpu {
namespace {

// Of vendors' extensions, whose headers not every system has.
constexpr cl_device_info kNvidiaPciBus = 0x4008, kNvidiaPciSlot = 0x4009, kNvidiaPciDomain = 0x400a;
constexpr cl_device_info kAmdTopology = 0x4037, kAmdBoardName = 0x4038;
constexpr cl_device_info kKhrPciBus = 0x410f;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.pop_back();
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

template <class Get>
std::string text_of(const Get& get) {
  std::size_t bytes = 0;
  if (get(std::size_t{0}, nullptr, &bytes) != CL_SUCCESS) return {};
  std::string text(bytes, '\0');
  if (get(bytes, text.data(), nullptr) != CL_SUCCESS) return {};
  return trimmed(std::move(text));
}

std::string pci_text(unsigned domain, unsigned bus, unsigned device, unsigned function) {
  char text[32];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", domain, bus, device, function);
  return text;
}

}  // namespace

std::string opencl_text(cl_platform_id platform, cl_platform_info parameter) {
  return text_of([&](std::size_t bytes, char* text, std::size_t* needed) {
    return clGetPlatformInfo(platform, parameter, bytes, text, needed);
  });
}

std::string opencl_text(cl_device_id device, cl_device_info parameter) {
  return text_of([&](std::size_t bytes, char* text, std::size_t* needed) {
    return clGetDeviceInfo(device, parameter, bytes, text, needed);
  });
}

bool opencl_has_extension(cl_device_id device, std::string_view extension) {
  std::istringstream words(opencl_text(device, CL_DEVICE_EXTENSIONS));
  for (std::string word; words >> word;) {
    if (word == extension) return true;
  }
  return false;
}

std::string opencl_platform_name(cl_device_id device) {
  const auto platform = opencl_value<cl_platform_id>(device, CL_DEVICE_PLATFORM);
  const std::string name = platform ? opencl_text(*platform, CL_PLATFORM_NAME) : "";
  return name == "Portable Computing Language" ? "PoCL" : name;
}

std::string opencl_device_name(cl_device_id device) {
  if (opencl_has_extension(device, "cl_amd_device_attribute_query")) {
    if (const std::string board = opencl_text(device, kAmdBoardName); !board.empty()) return board;
  }
  return opencl_text(device, CL_DEVICE_NAME);
}

std::string opencl_pci_address(cl_device_id device) {
  if (opencl_has_extension(device, "cl_khr_pci_bus_info")) {
    struct Address {
      cl_uint domain, bus, device, function;
    };
    if (const auto at = opencl_value<Address>(device, kKhrPciBus)) {
      return pci_text(at->domain, at->bus, at->device, at->function);
    }
  }
  if (opencl_has_extension(device, "cl_nv_device_attribute_query")) {
    const auto bus = opencl_value<cl_uint>(device, kNvidiaPciBus), slot = opencl_value<cl_uint>(device, kNvidiaPciSlot);
    if (bus && slot) {
      return pci_text(opencl_value<cl_uint>(device, kNvidiaPciDomain).value_or(0), *bus, *slot >> 3, *slot & 7);
    }
  }
  if (opencl_has_extension(device, "cl_amd_device_attribute_query")) {
    // A type (1: PCIe), 17 unused bytes, then bus, device and function.
    using Topology = std::array<unsigned char, 24>;
    if (const auto at = opencl_value<Topology>(device, kAmdTopology); at && (*at)[0] == 1) {
      return pci_text(0, (*at)[21], (*at)[22], (*at)[23]);
    }
  }
  return {};
}

std::vector<cl_device_id> opencl_devices() {
  cl_uint count = 0;
  const cl_int status = clGetPlatformIDs(0, nullptr, &count);
  if (status == -1001 || (status == CL_SUCCESS && count == 0)) {
    throw std::runtime_error("no OpenCL platform: install a vendor's driver or pocl-opencl-icd");
  }
  opencl_check(status, "looking for OpenCL platforms");
  std::vector<cl_platform_id> platforms(count);
  opencl_check(clGetPlatformIDs(count, platforms.data(), nullptr), "looking for OpenCL platforms");

  std::vector<cl_device_id> devices;
  std::string names;
  for (const cl_platform_id platform : platforms) {
    names += (names.empty() ? "" : ", ") + opencl_text(platform, CL_PLATFORM_NAME);
    cl_uint found = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &found) != CL_SUCCESS || found == 0) continue;
    std::vector<cl_device_id> some(found);
    opencl_check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, found, some.data(), nullptr), "looking for devices");
    devices.insert(devices.end(), some.begin(), some.end());
  }
  if (devices.empty()) throw std::runtime_error("no OpenCL device on these platforms: " + names);
  std::ranges::stable_sort(devices, {}, [](cl_device_id device) {
    const auto type = opencl_value<cl_device_type>(device, CL_DEVICE_TYPE).value_or(0);
    return (type & CL_DEVICE_TYPE_GPU) != 0 ? 0 : (type & CL_DEVICE_TYPE_CPU) != 0 ? 2 : 1;
  });
  return devices;
}

}  // namespace whygpu
