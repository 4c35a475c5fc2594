// An OpenCL device: one device of one platform, with one in-order queue. Shared by the backends that run there.
// Needs OpenCL 1.2, so that the drivers of all vendors will do.
#pragma once

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "whygpu/backend.h"

namespace whygpu {

// Throws std::runtime_error "<what>: out of resources (CL_OUT_OF_RESOURCES)" unless `status` is CL_SUCCESS.
void opencl_check(cl_int status, std::string_view what);

// "out of resources (CL_OUT_OF_RESOURCES)".
std::string opencl_status_text(cl_int status);

class OpenClDevice final : public Device {
 public:
  // `index` counts the devices of all platforms: GPUs first, then other accelerators, then CPUs. Throws if there is no
  // platform or no such device, and lists those that there are.
  explicit OpenClDevice(int index);
  ~OpenClDevice() override;

  DeviceKind kind() const override { return is_cpu() ? DeviceKind::cpu_opencl : DeviceKind::opencl; }
  std::string name() const override;  // of a CPU: "OpenCL on the CPU (PoCL)"
  Facts facts() const override;
  std::size_t memory_bytes() const override;
  std::size_t free_memory_bytes() const override;  // all memory where no extension tells
  std::size_t cache_bytes() const override;        // as the driver says

  std::unique_ptr<Stopwatch> make_stopwatch() override;
  void synchronize() override;
  void flush_cache() override;
  std::shared_ptr<void> allocate_host(std::size_t bytes) override;
  std::unique_ptr<Tensor> allocate(std::size_t bytes) override;
  std::unique_ptr<Tensor> view(Tensor& whole, std::size_t offset, std::size_t bytes) override;
  std::vector<std::pair<std::string, double>> readings() const override;  // of AMD's and Intel's cards
  void* queue() override { return commands(); }

  cl_context context() const;
  cl_device_id id() const;
  cl_command_queue commands() const;
  bool is_cpu() const;
  std::size_t largest_allocation() const;                // in bytes, of one buffer
  bool has_extension(std::string_view extension) const;  // such as "cl_khr_fp16"

  // Whether `bytes` from `host` lie in memory of allocate_host(), which a queued copy may read after its call returned.
  bool is_pinned(const void* host, std::size_t bytes) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Device memory. Throws with the requested size if the device has too little.
class OpenClBuffer {
 public:
  OpenClBuffer() = default;
  OpenClBuffer(const OpenClDevice& device, std::size_t bytes, cl_mem_flags flags = CL_MEM_READ_WRITE);
  OpenClBuffer(const OpenClBuffer& whole, std::size_t offset, std::size_t bytes);  // a part of it
  OpenClBuffer(OpenClBuffer&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  OpenClBuffer& operator=(OpenClBuffer&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~OpenClBuffer();

  cl_mem memory() const { return memory_; }
  std::size_t bytes() const { return bytes_; }

 private:
  cl_mem memory_ = nullptr;
  std::size_t bytes_ = 0;
};

// Values in device memory, row-major and without padding: `bytes` bytes of a buffer, from `offset` on. Uploads are
// queued if they come from pinned memory, and otherwise read the host's memory before they return.
class OpenClTensor final : public Tensor {
 public:
  OpenClTensor(OpenClDevice& device, std::size_t bytes);  // with guard bytes before and after the values
  OpenClTensor(OpenClDevice& device, cl_mem memory, std::size_t offset, std::size_t bytes)  // a view of other storage
      : device_(device), memory_(memory), offset_(offset), bytes_(bytes) {}

  std::size_t bytes() const override { return bytes_; }
  void upload(const void* row_major) override;
  void download(void* row_major) const override;
  bool intact() const override;

  cl_mem memory() const { return memory_; }
  std::size_t offset() const { return offset_; }  // in bytes, a multiple of 64

 private:
  OpenClDevice& device_;
  std::size_t guard_ = 0;
  OpenClBuffer buffer_, values_;  // with the guard bytes, and without; empty in a view
  cl_mem memory_ = nullptr;
  std::size_t offset_;
  std::size_t bytes_;
};

std::unique_ptr<Tensor> make_opencl_tensor(OpenClDevice& device, const TensorSpec& spec);

struct OpenClSpan {
  cl_mem memory;
  std::size_t offset;  // in bytes
};

// Where the values of an OpenClTensor are.
OpenClSpan opencl_span(const Tensor* tensor);

}  // namespace whygpu
