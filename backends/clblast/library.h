// CLBlast as it is installed: its version, its status codes, and whether it was tuned for a device.
#pragma once

#include <clblast.h>

#include <string>
#include <string_view>

#include "backends/devices/opencl.h"

namespace whygpu::clblast_backend {

std::string version();  // "CLBlast 1.6.3"

// Throws std::runtime_error "<what>: <words> (<name>)" unless `status` is kSuccess.
void check(clblast::StatusCode status, std::string_view what);

// "tuned for this device", "untuned for this device (no entry "…" in its database)", or that this is not known. CLBlast
// answers only with parameters, and not from whose entry they are, so the names in its database are searched.
std::string tuning(const OpenClDevice& device);

// The same for any name and any file.
std::string tuning(const std::string& device_name, const std::string& library_file);

// The parameters that CLBlast takes for a kernel ("Xgemm", "XgemmDirect"), such as "MWG=64 NWG=64"; empty if unknown.
std::string parameters(const OpenClDevice& device, const std::string& kernel, clblast::Precision precision,
                       std::initializer_list<const char*> names);

}  // namespace whygpu::clblast_backend
