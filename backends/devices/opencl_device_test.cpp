#include "backends/devices/opencl.h"

#include <gmock/gmock.h>

#include <array>
#include <numeric>

#include "backends/devices/opencl_program.h"
#include "backends/devices/opencl_test_device.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

class OpenClTest : public OpenClDeviceTest {};

std::string fact(const OpenClDevice& device, const std::string& name) {
  for (const auto& [key, value] : device.facts()) {
    if (key == name) return value;
  }
  return "missing";
}

TEST(OpenClStatus, WordsAndName) {
  EXPECT_EQ(opencl_status_text(CL_OUT_OF_RESOURCES), "out of resources (CL_OUT_OF_RESOURCES)");
  EXPECT_EQ(opencl_status_text(CL_DEVICE_NOT_AVAILABLE), "device not available (CL_DEVICE_NOT_AVAILABLE)");
  EXPECT_EQ(opencl_status_text(CL_KERNEL_ARG_INFO_NOT_AVAILABLE),
            "kernel arg info not available (CL_KERNEL_ARG_INFO_NOT_AVAILABLE)");
  EXPECT_EQ(opencl_status_text(CL_INVALID_VALUE), "invalid value (CL_INVALID_VALUE)");
  EXPECT_EQ(opencl_status_text(CL_INVALID_GLOBAL_WORK_SIZE), "invalid global work size (CL_INVALID_GLOBAL_WORK_SIZE)");
  EXPECT_EQ(opencl_status_text(CL_INVALID_DEVICE_PARTITION_COUNT),
            "invalid device partition count (CL_INVALID_DEVICE_PARTITION_COUNT)");
  EXPECT_EQ(opencl_status_text(-1001), "platform not found khr (CL_PLATFORM_NOT_FOUND_KHR)");
  EXPECT_EQ(opencl_status_text(-25), "unknown error (OpenCL status -25)");
  EXPECT_EQ(opencl_status_text(-9999), "unknown error (OpenCL status -9999)");
}

TEST(OpenClStatus, CheckNamesWhatFailed) {
  EXPECT_NO_THROW(opencl_check(CL_SUCCESS, "upload"));
  EXPECT_THAT([] { opencl_check(CL_MAP_FAILURE, "upload"); },
              ThrowsMessage<std::runtime_error>("upload: map failure (CL_MAP_FAILURE)"));
}

TEST_F(OpenClTest, WrongIndexListsDevices) {
  const auto open = [](int index) { return [index] { OpenClDevice{index}; }; };
  EXPECT_THAT(open(99), ThrowsMessage<std::runtime_error>(
                            AllOf(StartsWith("no OpenCL device 99; there are 0: "), HasSubstr("("))));
  EXPECT_THAT(open(-1), ThrowsMessage<std::runtime_error>(StartsWith("no OpenCL device -1; there are 0: ")));
}

TEST_F(OpenClTest, CpuIsNoGpu) {
  if (!device().is_cpu()) GTEST_SKIP() << "device 0 is " << device().name();
  EXPECT_EQ(device().kind(), DeviceKind::cpu_opencl);
  EXPECT_EQ(device_kind_name(device().kind()), "cpu-opencl");
  EXPECT_THAT(device().name(), StartsWith("OpenCL on the CPU ("));
}

TEST_F(OpenClTest, Facts) {
  EXPECT_GT(std::stoi(fact(device(), "compute_units")), 0);
  EXPECT_THAT(fact(device(), "opencl"), StartsWith("OpenCL "));
  for (const char* name : {"platform", "vendor", "driver", "opencl_device"})
    EXPECT_NE(fact(device(), name), "") << name;
  EXPECT_EQ(fact(device(), "fp64"), device().has_extension("cl_khr_fp64") ? "yes" : "no");
  EXPECT_FALSE(device().has_extension("cl_khr_fp"));  // a part of a name
  EXPECT_GT(device().memory_bytes(), std::size_t{1} << 28);
  EXPECT_GT(device().free_memory_bytes(), 0U);
  EXPECT_LE(device().free_memory_bytes(), device().memory_bytes());
  EXPECT_GT(device().largest_allocation(), 0U);
  EXPECT_GT(device().cache_bytes(), 0U);
}

TEST_F(OpenClTest, KernelRuns) {
  const OpenClProgram program(device(), R"(
    kernel void triple(global const int* x, global int* y, ulong first) {
      y[get_global_id(0)] = 3 * x[first + get_global_id(0)];
    })");
  OpenClKernel kernel = program.kernel("triple");
  constexpr std::size_t kCount = 4096;
  std::vector<cl_int> x(kCount), y(kCount, -1);
  std::iota(x.begin(), x.end(), 0);
  const auto in = device().allocate(4 * kCount), out = device().allocate(4 * kCount);
  in->upload(x.data());
  out->upload(y.data());
  kernel.set(opencl_span(in.get()).memory, opencl_span(out.get()).memory, cl_ulong{0});
  cl_event event = nullptr;
  const std::size_t global = kCount;
  opencl_check(
      clEnqueueNDRangeKernel(device().commands(), kernel.get(), 1, nullptr, &global, nullptr, 0, nullptr, &event),
      "launching");
  device().synchronize();
  cl_int status = -1;
  opencl_check(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, nullptr), "status");
  EXPECT_EQ(status, CL_COMPLETE);
  cl_ulong began = 0, ended = 0;
  opencl_check(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof began, &began, nullptr), "start");
  opencl_check(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof ended, &ended, nullptr), "end");
  EXPECT_GT(ended, began);
  clReleaseEvent(event);
  out->download(y.data());
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(y[i], 3 * static_cast<int>(i));
}

TEST_F(OpenClTest, CompilerErrorIsOneLine) {
  EXPECT_THAT(
      [this] { OpenClProgram(device(), "kernel void f() { undeclared(); }\nkernel void g() { int x = ; }"); },
      ThrowsMessage<std::runtime_error>(AllOf(StartsWith("compiling OpenCL C: "), HasSubstr("error"),
                                              HasSubstr("CL_BUILD_PROGRAM_FAILURE"), testing::Not(HasSubstr("\n")))));
  const OpenClProgram program(device(), "kernel void f() {}");
  EXPECT_THAT([&] { program.kernel("g"); }, ThrowsMessage<std::runtime_error>(HasSubstr("CL_INVALID_KERNEL_NAME")));
}

TEST_F(OpenClTest, RoundTripAndView) {
  std::vector<std::uint8_t> values(1000), read(1000), part(100);
  std::iota(values.begin(), values.end(), std::uint8_t{0});
  const auto whole = device().allocate(values.size());
  whole->upload(values.data());
  whole->download(read.data());
  EXPECT_EQ(read, values);
  const auto view = device().view(*whole, 128, part.size());
  const auto inner = device().view(*view, 64, 10);
  EXPECT_EQ(opencl_span(view.get()).memory, opencl_span(whole.get()).memory);
  EXPECT_EQ(opencl_span(inner.get()).offset, 192U);
  view->download(part.data());
  EXPECT_EQ(part[0], values[128]);
  part.assign(part.size(), 7);
  view->upload(part.data());
  whole->download(read.data());
  EXPECT_EQ(read[127], values[127]);
  EXPECT_EQ(read[128], 7);
  EXPECT_EQ(read[227], 7);
  EXPECT_EQ(read[228], values[228]);
  EXPECT_TRUE(whole->intact());
  EXPECT_TRUE(view->intact());
}

// Uploads from pinned memory are queued, and one of a caller's own buffer is over when the call returns.
TEST_F(OpenClTest, UploadReadsCallersMemoryAtOnce) {
  const auto tensor = device().allocate(1 << 20);
  std::vector<std::uint8_t> values(1 << 20, 1), read(1 << 20);
  tensor->upload(values.data());
  values.assign(values.size(), 2);
  tensor->download(read.data());
  EXPECT_EQ(read, std::vector<std::uint8_t>(1 << 20, 1));
  const auto pinned = device().allocate_host(1 << 20);
  EXPECT_TRUE(device().is_pinned(pinned.get(), 1 << 20));
  EXPECT_TRUE(device().is_pinned(static_cast<std::byte*>(pinned.get()) + 5, 100));
  EXPECT_FALSE(device().is_pinned(pinned.get(), (1 << 20) + 1));
  EXPECT_FALSE(device().is_pinned(values.data(), 1));
  std::fill_n(static_cast<std::uint8_t*>(pinned.get()), 1 << 20, std::uint8_t{3});
  tensor->upload(pinned.get());
  tensor->download(read.data());
  EXPECT_EQ(read, std::vector<std::uint8_t>(1 << 20, 3));
}

TEST_F(OpenClTest, PinnedMemoryOutlivesDevice) {
  std::shared_ptr<void> pinned;
  {
    OpenClDevice other(0);
    pinned = other.allocate_host(4096);
  }
  static_cast<char*>(pinned.get())[4095] = 1;
}

TEST_F(OpenClTest, WritesBesideValuesAreNoticed) {
  const OpenClProgram program(device(), "kernel void write(global char* x, long i) { x[i] = 0; }");
  OpenClKernel kernel = program.kernel("write");
  const auto written = [&](cl_long at) {
    const auto tensor = device().allocate(100);
    kernel.set(opencl_span(tensor.get()).memory, at);
    kernel.enqueue(device().commands(), {1}, {1});
    return tensor->intact();
  };
  EXPECT_TRUE(written(0));
  EXPECT_TRUE(written(99));
  EXPECT_FALSE(written(100));
  EXPECT_FALSE(written(-1));
}

TEST_F(OpenClTest, StopwatchMeasuresDeviceTime) {
  const OpenClProgram program(device(), R"(
    kernel void spin(global float* x, int n) {
      float v = x[0];
      for (int i = 0; i < n; ++i) v = v * 0.999f + 0.5f;
      x[0] = v;
    })");
  OpenClKernel kernel = program.kernel("spin");
  const auto tensor = device().allocate(4);
  const float zero = 0;
  tensor->upload(&zero);
  const auto stopwatch = device().make_stopwatch();
  const auto time = [&](cl_int steps) {
    kernel.set(opencl_span(tensor.get()).memory, steps);
    stopwatch->start();
    kernel.enqueue(device().commands(), {1}, {1});
    stopwatch->stop();
    return stopwatch->seconds();
  };
  time(1);
  const double longer = time(20'000'000);  // tens of milliseconds
  EXPECT_GT(longer, 1e-3);
  EXPECT_LT(time(1), longer / 2);
}

TEST_F(OpenClTest, StopwatchUnstarted) { EXPECT_THROW(device().make_stopwatch()->seconds(), std::logic_error); }

TEST_F(OpenClTest, TooLargeAllocation) {
  EXPECT_THAT([this] { device().allocate(std::size_t{1} << 50); },
              ThrowsMessage<std::runtime_error>(AllOf(StartsWith("out of device memory: 1073741824.0 MiB requested"),
                                                      HasSubstr("largest allocation"), HasSubstr("(CL_"))));
}

TEST_F(OpenClTest, FlushIsQueued) {
  device().flush_cache();
  device().flush_cache();
  EXPECT_NO_THROW(device().synchronize());
}

}  // namespace
}  // namespace whygpu
