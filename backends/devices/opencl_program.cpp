#include "backends/devices/opencl_program.h"

#include <sstream>
#include <stdexcept>

namespace whygpu {
namespace {

// The first line of the log that says "error", otherwise its first line.
std::string first_error(cl_program program, cl_device_id device) {
  std::size_t bytes = 0;
  clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &bytes);
  std::string log(bytes, '\0');
  clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, bytes, log.data(), nullptr);
  std::istringstream lines(log.substr(0, log.find('\0')));
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error") != std::string::npos) return line;
    if (first.empty()) first = line;
  }
  return first.empty() ? "the compiler says nothing" : first;
}

}  // namespace

void OpenClKernel::set_bytes(cl_uint index, std::size_t bytes, const void* value) {
  opencl_check(clSetKernelArg(kernel_, index, bytes, value), "argument " + std::to_string(index) + " of a kernel");
}

void OpenClKernel::enqueue(cl_command_queue queue, std::initializer_list<std::size_t> global,
                           std::initializer_list<std::size_t> local) const {
  opencl_check(clEnqueueNDRangeKernel(queue, kernel_, static_cast<cl_uint>(global.size()), nullptr, global.begin(),
                                      local.size() == 0 ? nullptr : local.begin(), 0, nullptr, nullptr),
               "launching a kernel");
}

OpenClProgram::OpenClProgram(const OpenClDevice& device, const std::string& source, const std::string& options) {
  const char* text = source.c_str();
  const std::size_t length = source.size();
  cl_int status = CL_SUCCESS;
  program_ = clCreateProgramWithSource(device.context(), 1, &text, &length, &status);
  opencl_check(status, "creating a program");
  const cl_device_id id = device.id();
  status = clBuildProgram(program_, 1, &id, options.c_str(), nullptr, nullptr);
  if (status == CL_SUCCESS) return;
  const std::string why = status == CL_BUILD_PROGRAM_FAILURE ? ": " + first_error(program_, id) : "";
  clReleaseProgram(program_);
  opencl_check(status, "compiling OpenCL C" + why);
}

OpenClProgram::~OpenClProgram() {
  if (program_ != nullptr) clReleaseProgram(program_);
}

OpenClKernel OpenClProgram::kernel(const char* name) const {
  cl_int status = CL_SUCCESS;
  OpenClKernel kernel(clCreateKernel(program_, name, &status));
  opencl_check(status, std::string("kernel ") + name);
  return kernel;
}

}  // namespace whygpu
