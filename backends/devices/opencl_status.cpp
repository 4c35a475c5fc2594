// OpenCL's status codes as names and words.
#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "backends/devices/opencl.h"

namespace whygpu {
namespace {

// -1001 comes from the loader of drivers (cl_khr_icd).
constexpr cl_int kNoPlatform = -1001;

// By -status, as in the tables of the OpenCL 1.2 specification.
constexpr std::string_view kRunTimeNames[] = {
    "CL_SUCCESS",
    "CL_DEVICE_NOT_FOUND",
    "CL_DEVICE_NOT_AVAILABLE",
    "CL_COMPILER_NOT_AVAILABLE",
    "CL_MEM_OBJECT_ALLOCATION_FAILURE",
    "CL_OUT_OF_RESOURCES",
    "CL_OUT_OF_HOST_MEMORY",
    "CL_PROFILING_INFO_NOT_AVAILABLE",
    "CL_MEM_COPY_OVERLAP",
    "CL_IMAGE_FORMAT_MISMATCH",
    "CL_IMAGE_FORMAT_NOT_SUPPORTED",
    "CL_BUILD_PROGRAM_FAILURE",
    "CL_MAP_FAILURE",
    "CL_MISALIGNED_SUB_BUFFER_OFFSET",
    "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
    "CL_COMPILE_PROGRAM_FAILURE",
    "CL_LINKER_NOT_AVAILABLE",
    "CL_LINK_PROGRAM_FAILURE",
    "CL_DEVICE_PARTITION_FAILED",
    "CL_KERNEL_ARG_INFO_NOT_AVAILABLE",
};
constexpr cl_int kFirstCallStatus = -30;
constexpr std::string_view kCallNames[] = {
    "CL_INVALID_VALUE",
    "CL_INVALID_DEVICE_TYPE",
    "CL_INVALID_PLATFORM",
    "CL_INVALID_DEVICE",
    "CL_INVALID_CONTEXT",
    "CL_INVALID_QUEUE_PROPERTIES",
    "CL_INVALID_COMMAND_QUEUE",
    "CL_INVALID_HOST_PTR",
    "CL_INVALID_MEM_OBJECT",
    "CL_INVALID_IMAGE_FORMAT_DESCRIPTOR",
    "CL_INVALID_IMAGE_SIZE",
    "CL_INVALID_SAMPLER",
    "CL_INVALID_BINARY",
    "CL_INVALID_BUILD_OPTIONS",
    "CL_INVALID_PROGRAM",
    "CL_INVALID_PROGRAM_EXECUTABLE",
    "CL_INVALID_KERNEL_NAME",
    "CL_INVALID_KERNEL_DEFINITION",
    "CL_INVALID_KERNEL",
    "CL_INVALID_ARG_INDEX",
    "CL_INVALID_ARG_VALUE",
    "CL_INVALID_ARG_SIZE",
    "CL_INVALID_KERNEL_ARGS",
    "CL_INVALID_WORK_DIMENSION",
    "CL_INVALID_WORK_GROUP_SIZE",
    "CL_INVALID_WORK_ITEM_SIZE",
    "CL_INVALID_GLOBAL_OFFSET",
    "CL_INVALID_EVENT_WAIT_LIST",
    "CL_INVALID_EVENT",
    "CL_INVALID_OPERATION",
    "CL_INVALID_GL_OBJECT",
    "CL_INVALID_BUFFER_SIZE",
    "CL_INVALID_MIP_LEVEL",
    "CL_INVALID_GLOBAL_WORK_SIZE",
    "CL_INVALID_PROPERTY",
    "CL_INVALID_IMAGE_DESCRIPTOR",
    "CL_INVALID_COMPILER_OPTIONS",
    "CL_INVALID_LINKER_OPTIONS",
    "CL_INVALID_DEVICE_PARTITION_COUNT",
};

std::string_view status_name(cl_int status) {
  if (status == kNoPlatform) return "CL_PLATFORM_NOT_FOUND_KHR";
  if (status <= 0 && -status < static_cast<cl_int>(std::size(kRunTimeNames))) return kRunTimeNames[-status];
  const cl_int call = kFirstCallStatus - status;
  if (call >= 0 && call < static_cast<cl_int>(std::size(kCallNames))) return kCallNames[call];
  return {};
}

}  // namespace

std::string opencl_status_text(cl_int status) {
  const std::string_view name = status_name(status);
  if (name.empty()) return "unknown error (OpenCL status " + std::to_string(status) + ")";
  std::string words(name.substr(3));
  std::ranges::transform(words, words.begin(),
                         [](unsigned char c) { return static_cast<char>(c == '_' ? ' ' : std::tolower(c)); });
  return words + " (" + std::string(name) + ")";
}

void opencl_check(cl_int status, std::string_view what) {
  if (status != CL_SUCCESS) throw std::runtime_error(std::string(what) + ": " + opencl_status_text(status));
}

}  // namespace whygpu
