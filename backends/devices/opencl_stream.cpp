// STREAM on device memory: as many work-groups as fit on the device at once, each work-item in steps of all of them.
#include <algorithm>

#include "backends/devices/opencl_launch.h"
#include "backends/devices/opencl_platforms.h"
#include "backends/devices/opencl_probes.h"

namespace whygpu {
namespace {

// The barrier after each pass keeps compilers from merging passes. Offsets are in values.
constexpr const char* kStreamKernels = R"(
#define STREAM(name, value)                                                                             \
  kernel void name(global const T* x, ulong x0, global const T* y, ulong y0, global T* z, ulong z0,     \
                   ulong elements, ulong passes) {                                                      \
    const T s = SCALE;                                                                                  \
    for (ulong pass = 0; pass < passes; ++pass) {                                                       \
      for (ulong i = get_global_id(0); i < elements; i += get_global_size(0)) z[z0 + i] = value;        \
      barrier(CLK_GLOBAL_MEM_FENCE);                                                                    \
    }                                                                                                   \
  }
STREAM(copy, x[x0 + i])
STREAM(scale, s * x[x0 + i])
STREAM(add, x[x0 + i] + y[y0 + i])
STREAM(triad, x[x0 + i] + s * y[y0 + i])

// The sum of each work-group.
kernel void sum_groups(global const T* x, ulong x0, global T* sums, ulong elements, ulong passes, local T* shared) {
  const uint item = get_local_id(0);
  for (ulong pass = 0; pass < passes; ++pass) {
    T sum = 0;
    for (ulong i = get_global_id(0); i < elements; i += get_global_size(0)) sum += x[x0 + i];
    shared[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    for (uint distance = get_local_size(0) / 2; distance > 0; distance /= 2) {
      if (item < distance) shared[item] += shared[item + distance];
      barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (item == 0) sums[get_group_id(0)] = shared[0];
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  }
}

kernel void sum_all(global const T* sums, uint count, global T* z, ulong z0) {
  T sum = 0;
  for (uint i = 0; i < count; ++i) sum += sums[i];
  z[z0] = sum;
}
)";

constexpr std::size_t kGroupsPerUnit = 8;

std::string build_options(DType dtype) {
  return std::string("-DT=") + (dtype == DType::f64 ? "double" : "float") +
         " -DSCALE=" + std::to_string(static_cast<int>(kStreamScale));
}

const char* kernel_name(StreamKernel kernel) {
  switch (kernel) {
    case StreamKernel::copy: return "copy";
    case StreamKernel::scale: return "scale";
    case StreamKernel::add: return "add";
    case StreamKernel::triad: return "triad";
    default: return "sum_groups";
  }
}

class OpenClStream final : public Operation {
 public:
  OpenClStream(OpenClDevice& device, const Stream& stream)
      : device_(device),
        stream_(stream),
        // A power of two, for the sum within a group.
        items_(opencl_value<std::size_t>(device.id(), CL_DEVICE_MAX_WORK_GROUP_SIZE).value_or(1) >= 256 ? 256 : 1),
        groups_(kGroupsPerUnit * opencl_value<cl_uint>(device.id(), CL_DEVICE_MAX_COMPUTE_UNITS).value_or(1)) {
    const OpenClProgram program(device, kStreamKernels, build_options(stream.dtype));
    kernel_ = program.kernel(kernel_name(stream.kernel));
    if (stream.kernel != StreamKernel::sum) return;
    finish_ = program.kernel("sum_all");
    sums_ = OpenClBuffer(device, groups_ * dtype_bytes(stream.dtype));
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_opencl_tensor(device_, stream_.arguments().at(static_cast<std::size_t>(index)));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto values = [&](const Tensor* tensor) { return opencl_values(tensor, stream_.dtype); };
    const OpenClValues x = values(tensors.front()), z = values(tensors.back());
    const auto elements = static_cast<cl_ulong>(stream_.elements), passes = static_cast<cl_ulong>(stream_.passes);
    const WorkSize items = {groups_ * items_, 1, 1}, group = {items_, 1, 1};
    cl_command_queue queue = device_.commands();
    if (stream_.kernel != StreamKernel::sum) {
      const OpenClValues y = stream_.inputs() == 2 ? values(tensors[1]) : x;
      return launch(kernel_, queue, items, group, x, y, z, elements, passes);
    }
    launch(kernel_, queue, items, group, x, sums_.memory(), elements, passes,
           OpenClLocal{items_ * dtype_bytes(stream_.dtype)});
    launch(finish_, queue, {1, 1, 1}, {1, 1, 1}, sums_.memory(), static_cast<cl_uint>(groups_), z);
  }

  std::string implementation() const override {
    return "whygpu's OpenCL kernel, " + std::to_string(groups_) + " work-groups of " + std::to_string(items_);
  }

 private:
  OpenClDevice& device_;
  Stream stream_;
  std::size_t items_, groups_;
  OpenClKernel kernel_, finish_;
  OpenClBuffer sums_;
};

}  // namespace

Support opencl_supports(const OpenClDevice& device, const Stream& stream) {
  if (stream.dtype != DType::f32 && stream.dtype != DType::f64) {
    return Support::no("OpenCL backends have STREAM in f32 and f64 only");
  }
  return opencl_supports(device, stream.dtype, stream.arguments());
}

std::unique_ptr<Operation> prepare_opencl_stream(OpenClDevice& device, const Stream& stream) {
  return std::make_unique<OpenClStream>(device, stream);
}

}  // namespace whygpu
