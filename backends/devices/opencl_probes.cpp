#include "backends/devices/opencl_probes.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "backends/devices/opencl_program.h"

namespace whygpu {
namespace {

// The host side of a transfer.
class HostMemory final : public Tensor {
 public:
  HostMemory(OpenClDevice& device, bool pinned, std::size_t bytes)
      : device_(device),
        data_(pinned ? device.allocate_host(bytes)
                     : std::shared_ptr<void>(std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096), std::free)),
        bytes_(bytes) {
    if (data_ == nullptr)
      throw std::runtime_error("out of memory: a transfer needs " + std::to_string(bytes) + " bytes");
  }

  std::size_t bytes() const override { return bytes_; }
  void upload(const void* row_major) override { std::memcpy(data_.get(), row_major, bytes_); }
  void download(void* row_major) const override {
    device_.synchronize();
    std::memcpy(row_major, data_.get(), bytes_);
  }
  void* data() const { return data_.get(); }

 private:
  OpenClDevice& device_;
  std::shared_ptr<void> data_;
  std::size_t bytes_;
};

class OpenClTransfer final : public Operation {
 public:
  OpenClTransfer(OpenClDevice& device, const Transfer& transfer) : device_(device), transfer_(transfer) {
    if (transfer.direction != Direction::both_ways) return;
    cl_int status = CL_SUCCESS;
    second_ = clCreateCommandQueue(device.context(), device.id(), CL_QUEUE_PROFILING_ENABLE, &status);
    opencl_check(status, "creating a second queue");
  }
  ~OpenClTransfer() override {
    if (second_ != nullptr) clReleaseCommandQueue(second_);
  }
  OpenClTransfer(const OpenClTransfer&) = delete;
  OpenClTransfer& operator=(const OpenClTransfer&) = delete;

  // Arguments 0 and 3 are on the host if data goes to the device first, otherwise argument 1.
  std::unique_ptr<Tensor> allocate(int index) override {
    const bool host = transfer_.direction == Direction::to_host ? index == 1 : index == 0 || index == 3;
    const auto bytes = static_cast<std::size_t>(transfer_.bytes);
    if (host) return std::make_unique<HostMemory>(device_, transfer_.pinned, bytes);
    return make_opencl_tensor(device_, transfer_.arguments().at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const cl_command_queue queue = device_.commands();
    if (transfer_.direction == Direction::to_device) return copy_to_device(tensors[0], tensors[1]);
    if (transfer_.direction == Direction::to_host) return copy_to_host(tensors[0], tensors[1], queue, {});
    cl_event begun = nullptr, done = nullptr;
    opencl_check(clEnqueueMarkerWithWaitList(queue, 0, nullptr, &begun), "marking the start of both copies");
    copy_to_device(tensors[0], tensors[1]);
    copy_to_host(tensors[2], tensors[3], second_, {&begun, &done});
    opencl_check(clFlush(queue), "starting a copy");
    opencl_check(clFlush(second_), "starting a copy");
    opencl_check(clEnqueueBarrierWithWaitList(queue, 1, &done, nullptr), "waiting for the second copy");
    clReleaseEvent(begun);
    clReleaseEvent(done);
  }

  std::string implementation() const override {
    return std::string("clEnqueueWriteBuffer and clEnqueueReadBuffer, ") +
           (transfer_.pinned ? "memory of the driver (CL_MEM_ALLOC_HOST_PTR)" : "pageable memory") +
           (transfer_.direction == Direction::both_ways ? ", two queues" : "");
  }

 private:
  struct Order {
    const cl_event* after = nullptr;
    cl_event* done = nullptr;
  };

  void copy_to_device(const Tensor* host, const Tensor* device) const {
    const OpenClSpan to = opencl_span(device);
    opencl_check(clEnqueueWriteBuffer(device_.commands(), to.memory, CL_FALSE, to.offset, host->bytes(),
                                      static_cast<const HostMemory*>(host)->data(), 0, nullptr, nullptr),
                 "copying to the device");
  }
  static void copy_to_host(const Tensor* device, const Tensor* host, cl_command_queue queue, const Order& order) {
    const OpenClSpan from = opencl_span(device);
    opencl_check(clEnqueueReadBuffer(queue, from.memory, CL_FALSE, from.offset, host->bytes(),
                                     static_cast<const HostMemory*>(host)->data(), order.after == nullptr ? 0 : 1,
                                     order.after, order.done),
                 "copying to the host");
  }

  OpenClDevice& device_;
  Transfer transfer_;
  cl_command_queue second_ = nullptr;
};

class OpenClLaunch final : public Operation {
 public:
  OpenClLaunch(OpenClDevice& device, const Launch& launch)
      : device_(device),
        launches_(launch.launches),
        kernel_(OpenClProgram(device, "kernel void empty() {}").kernel("empty")) {}
  std::unique_ptr<Tensor> allocate(int) override { throw std::logic_error("an operation without arguments"); }
  void enqueue(std::span<Tensor* const>) override {
    for (std::int64_t i = 0; i < launches_; ++i) kernel_.enqueue(device_.commands(), {1}, {1});
  }
  std::string implementation() const override { return "empty OpenCL kernel of one work-item"; }

 private:
  OpenClDevice& device_;
  std::int64_t launches_;
  OpenClKernel kernel_;
};

}  // namespace

Support opencl_supports(const OpenClDevice& device, DType dtype, const std::vector<TensorSpec>& arguments) {
  if (dtype == DType::f64 && !device.has_extension("cl_khr_fp64")) return Support::no("this device has no f64");
  if (dtype == DType::f16 && !device.has_extension("cl_khr_fp16")) {
    return Support::no("this device has no f16 (cl_khr_fp16)");
  }
  const std::size_t largest = device.largest_allocation();
  for (const auto& argument : arguments) {
    if (argument.bytes() > largest) {
      return Support::no("an argument of " + std::to_string(argument.bytes()) +
                         " bytes is above this driver's largest allocation of " + std::to_string(largest));
    }
  }
  return {};
}

Support OpenClProbes::supports(const Probe& probe, std::string_view) const {
  if (const auto* stream = std::get_if<Stream>(&probe)) return opencl_supports(device_, *stream);
  if (const auto* transfer = std::get_if<Transfer>(&probe)) {
    return opencl_supports(device_, DType::s8, transfer->arguments());
  }
  if (std::holds_alternative<Launch>(probe)) return {};
  return Support::no("no OpenCL backend measures the device's arithmetic");
}

std::unique_ptr<Operation> OpenClProbes::prepare(const Probe& probe, std::string_view) {
  if (const auto* stream = std::get_if<Stream>(&probe)) return prepare_opencl_stream(device_, *stream);
  if (const auto* transfer = std::get_if<Transfer>(&probe)) return std::make_unique<OpenClTransfer>(device_, *transfer);
  return std::make_unique<OpenClLaunch>(device_, std::get<Launch>(probe));
}

}  // namespace whygpu
