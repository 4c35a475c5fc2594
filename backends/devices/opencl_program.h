// OpenCL C compiled at run time, and its kernels.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

#include "backends/devices/opencl.h"

namespace whygpu {

// An argument in local memory, of so many bytes.
struct OpenClLocal {
  std::size_t bytes;
};

class OpenClKernel {
 public:
  explicit OpenClKernel(cl_kernel kernel = nullptr) : kernel_(kernel) {}
  OpenClKernel(OpenClKernel&& other) noexcept : kernel_(std::exchange(other.kernel_, nullptr)) {}
  OpenClKernel& operator=(OpenClKernel&& other) noexcept {
    std::swap(kernel_, other.kernel_);
    return *this;
  }
  ~OpenClKernel() {
    if (kernel_ != nullptr) clReleaseKernel(kernel_);
  }

  cl_kernel get() const { return kernel_; }

  // Sets all arguments in order: values of OpenCL's types (cl_int, cl_ulong, …), cl_mem and OpenClLocal.
  template <class... Arguments>
  void set(const Arguments&... arguments) {
    cl_uint index = 0;
    (set_one(index++, arguments), ...);
  }

  // Queues it over as many dimensions as `global` has; `local`: the size of a work-group, which divides it.
  void enqueue(cl_command_queue queue, std::initializer_list<std::size_t> global,
               std::initializer_list<std::size_t> local) const;

 private:
  template <class T>
  void set_one(cl_uint index, const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    set_bytes(index, bytes.size(), bytes.data());
  }
  void set_one(cl_uint index, const OpenClLocal& local) { set_bytes(index, local.bytes, nullptr); }
  void set_bytes(cl_uint index, std::size_t bytes, const void* value);

  cl_kernel kernel_;
};

class OpenClProgram {
 public:
  // Throws with the first error of the compiler's log.
  OpenClProgram(const OpenClDevice& device, const std::string& source, const std::string& options = "");
  OpenClProgram(OpenClProgram&& other) noexcept : program_(std::exchange(other.program_, nullptr)) {}
  OpenClProgram& operator=(OpenClProgram&& other) noexcept {
    std::swap(program_, other.program_);
    return *this;
  }
  ~OpenClProgram();

  OpenClKernel kernel(const char* name) const;

 private:
  cl_program program_ = nullptr;
};

}  // namespace whygpu
