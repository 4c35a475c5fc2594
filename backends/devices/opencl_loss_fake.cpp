// Loaded before OpenCL (LD_PRELOAD), this loses the device once: at the kernel launch with the number OPENCL_LOSS_AT,
// in the first process that gets there, which creates the file OPENCL_LOSS_MARK. From then on every call of that
// process that reaches the device fails as a driver's do.
#include <CL/cl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace {

std::atomic<int> launches{0};
std::atomic<bool> lost{false};

// Creates the file, and fails if another process has.
bool is_first() {
  const char* mark = std::getenv("OPENCL_LOSS_MARK");
  const int file = mark == nullptr ? -1 : open(mark, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return false;
  close(file);
  return true;
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#define REAL(function) real<decltype(&function)>(#function)
#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                                       const size_t* offset, const size_t* global, const size_t* local, cl_uint waits,
                                       const cl_event* wait_list, cl_event* event) {
  const char* at = std::getenv("OPENCL_LOSS_AT");
  if (at != nullptr && ++launches == std::atoi(at) && is_first()) lost = true;
  if (lost) return CL_DEVICE_NOT_AVAILABLE;
  return REAL(clEnqueueNDRangeKernel)(queue, kernel, dimensions, offset, global, local, waits, wait_list, event);
}

EXPORTED cl_int clFinish(cl_command_queue queue) { return lost ? CL_DEVICE_NOT_AVAILABLE : REAL(clFinish)(queue); }

EXPORTED cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset, size_t size,
                                    void* to, cl_uint waits, const cl_event* wait_list, cl_event* event) {
  if (lost) return CL_DEVICE_NOT_AVAILABLE;
  return REAL(clEnqueueReadBuffer)(queue, buffer, blocking, offset, size, to, waits, wait_list, event);
}

EXPORTED cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                                     size_t size, const void* from, cl_uint waits, const cl_event* wait_list,
                                     cl_event* event) {
  if (lost) return CL_DEVICE_NOT_AVAILABLE;
  return REAL(clEnqueueWriteBuffer)(queue, buffer, blocking, offset, size, from, waits, wait_list, event);
}
