#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "backends/devices/opencl_platforms.h"

namespace whygpu {
namespace {

constexpr std::size_t kLeastGuard = 256;  // bytes
constexpr unsigned char kGuardByte = 0xb5;

std::string mebibytes(std::size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

// A part of a buffer begins at a multiple of the device's alignment, which is in bits.
std::size_t guard_bytes(const OpenClDevice& device) {
  const auto bits = opencl_value<cl_uint>(device.id(), CL_DEVICE_MEM_BASE_ADDR_ALIGN).value_or(0);
  return std::max<std::size_t>(kLeastGuard, bits / 8);
}

}  // namespace

OpenClBuffer::OpenClBuffer(const OpenClDevice& device, std::size_t bytes, cl_mem_flags flags) : bytes_(bytes) {
  cl_int status = CL_SUCCESS;
  memory_ = clCreateBuffer(device.context(), flags, std::max<std::size_t>(bytes, 1), nullptr, &status);
  if (status == CL_SUCCESS) return;
  throw std::runtime_error("out of device memory: " + mebibytes(bytes) + " requested, the largest allocation is " +
                           mebibytes(device.largest_allocation()) + ": " + opencl_status_text(status));
}

OpenClBuffer::OpenClBuffer(const OpenClBuffer& whole, std::size_t offset, std::size_t bytes) : bytes_(bytes) {
  const cl_buffer_region region{offset, std::max<std::size_t>(bytes, 1)};
  cl_int status = CL_SUCCESS;
  memory_ = clCreateSubBuffer(whole.memory(), CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &status);
  opencl_check(status, "a part of a buffer");
}

OpenClBuffer::~OpenClBuffer() {
  if (memory_ != nullptr) clReleaseMemObject(memory_);
}

// Values have a buffer of their own within that of the guards: a library may copy operands that begin elsewhere.
OpenClTensor::OpenClTensor(OpenClDevice& device, std::size_t bytes)
    : device_(device), guard_(guard_bytes(device)), buffer_(device, bytes + 2 * guard_), offset_(0), bytes_(bytes) {
  for (const std::size_t at : {std::size_t{0}, guard_ + bytes}) {
    opencl_check(
        clEnqueueFillBuffer(device.commands(), buffer_.memory(), &kGuardByte, 1, at, guard_, 0, nullptr, nullptr),
        "filling guard bytes");
  }
  values_ = OpenClBuffer(buffer_, guard_, bytes);
  memory_ = values_.memory();
}

bool OpenClTensor::intact() const {
  if (buffer_.bytes() == 0) return true;
  for (const std::size_t at : {std::size_t{0}, guard_ + bytes_}) {
    std::vector<unsigned char> guard(guard_);
    opencl_check(clEnqueueReadBuffer(device_.commands(), buffer_.memory(), CL_TRUE, at, guard_, guard.data(), 0,
                                     nullptr, nullptr),
                 "reading guard bytes");
    if (!std::ranges::all_of(guard, [](unsigned char byte) { return byte == kGuardByte; })) return false;
  }
  return true;
}

void OpenClTensor::upload(const void* row_major) {
  if (bytes_ == 0) return;
  const cl_bool wait = device_.is_pinned(row_major, bytes_) ? CL_FALSE : CL_TRUE;
  opencl_check(clEnqueueWriteBuffer(device_.commands(), memory_, wait, offset_, bytes_, row_major, 0, nullptr, nullptr),
               "upload");
}

void OpenClTensor::download(void* row_major) const {
  if (bytes_ == 0) return;
  opencl_check(
      clEnqueueReadBuffer(device_.commands(), memory_, CL_TRUE, offset_, bytes_, row_major, 0, nullptr, nullptr),
      "download");
}

std::unique_ptr<Tensor> make_opencl_tensor(OpenClDevice& device, const TensorSpec& spec) {
  return std::make_unique<OpenClTensor>(device, spec.bytes());
}

OpenClSpan opencl_span(const Tensor* tensor) {
  const auto* values = static_cast<const OpenClTensor*>(tensor);
  return {values->memory(), values->offset()};
}

}  // namespace whygpu
