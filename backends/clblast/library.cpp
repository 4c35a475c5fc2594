#include "backends/clblast/library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "backends/devices/opencl_platforms.h"

namespace whygpu::clblast_backend {
namespace {

using clblast::StatusCode;

struct StatusText {
  StatusCode status;
  const char* text;
};

// Those that are not OpenCL's own.
constexpr StatusText kStatusTexts[] = {
    {StatusCode::kNotImplemented, "not implemented (kNotImplemented)"},
    {StatusCode::kInvalidDimension, "a dimension is zero (kInvalidDimension)"},
    {StatusCode::kInvalidMatrixA, "A is not a buffer (kInvalidMatrixA)"},
    {StatusCode::kInvalidMatrixB, "B is not a buffer (kInvalidMatrixB)"},
    {StatusCode::kInvalidMatrixC, "C is not a buffer (kInvalidMatrixC)"},
    {StatusCode::kInsufficientMemoryA, "A's buffer is too small (kInsufficientMemoryA)"},
    {StatusCode::kInsufficientMemoryB, "B's buffer is too small (kInsufficientMemoryB)"},
    {StatusCode::kInsufficientMemoryC, "C's buffer is too small (kInsufficientMemoryC)"},
    {StatusCode::kInsufficientMemoryTemp, "the temporary buffer is too small (kInsufficientMemoryTemp)"},
    {StatusCode::kInvalidLocalMemUsage, "its kernel needs more local memory than there is (kInvalidLocalMemUsage)"},
    {StatusCode::kNoHalfPrecision, "the device has no f16 (kNoHalfPrecision)"},
    {StatusCode::kNoDoublePrecision, "the device has no f64 (kNoDoublePrecision)"},
    {StatusCode::kDatabaseError, "no parameters in its database (kDatabaseError)"},
    {StatusCode::kUnexpectedError, "unexpected error (kUnexpectedError)"},
};

// The file that this process loaded.
std::filesystem::path library_file() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&clblast::ClearCache), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code missing;
  const auto file = std::filesystem::canonical(info.dli_fname, missing);
  return missing ? std::filesystem::path(info.dli_fname) : file;
}

// Names stand in the database as 50 characters, filled with spaces.
constexpr std::size_t kNameLength = 50;

bool holds_name(const std::string& bytes, std::string name) {
  name.resize(kNameLength, ' ');
  return bytes.find(name) != std::string::npos;
}

}  // namespace

std::string version() {
  const std::string name = library_file().filename();  // libclblast.so.1.6.3
  const auto at = name.find(".so.");
  return at == std::string::npos ? "CLBlast, version not known" : "CLBlast " + name.substr(at + 4);
}

void check(StatusCode status, std::string_view what) {
  if (status == StatusCode::kSuccess) return;
  for (const auto& [code, text] : kStatusTexts) {
    if (code == status) throw std::runtime_error(std::string(what) + ": " + text);
  }
  opencl_check(static_cast<cl_int>(status), what);
}

std::string tuning(const std::string& device_name, const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  // Every version has this entry; without it, names are stored in another way.
  if (!holds_name(bytes, "default")) return "database entry not known";
  if (holds_name(bytes, device_name)) return "tuned for this device";
  return "untuned for this device (no entry \"" + device_name + "\" in its database)";
}

std::string tuning(const OpenClDevice& device) {
  std::string name = opencl_device_name(device.id());
  constexpr std::string_view kPocl = "pthread-";  // which CLBlast leaves out too
  if (name.starts_with(kPocl)) name.erase(0, kPocl.size());
  return tuning(name, library_file());
}

std::string parameters(const OpenClDevice& device, const std::string& kernel, clblast::Precision precision,
                       std::initializer_list<const char*> names) {
  std::unordered_map<std::string, std::size_t> values;
  if (clblast::RetrieveParameters(device.id(), kernel, precision, values) != StatusCode::kSuccess) return {};
  std::string text;
  for (const char* name : names) {
    const auto found = values.find(name);
    if (found != values.end()) text += (text.empty() ? "" : " ") + found->first + "=" + std::to_string(found->second);
  }
  return text;
}

}  // namespace whygpu::clblast_backend
