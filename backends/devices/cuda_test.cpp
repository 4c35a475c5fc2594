// Errors on machines that cannot run CUDA. Each case runs in its own process, because the CUDA runtime looks for a
// driver only once.
#include "backends/devices/cuda.h"

#include <dlfcn.h>
#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>

namespace whygpu {
namespace {

using ::testing::ExitedWithCode;
using ::testing::ThrowsMessage;

[[noreturn]] void open_device() {
  try {
    const CudaDevice device(0);
    std::exit(0);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    std::exit(1);
  }
}

// The runtime later searches for libcuda.so.1 and finds the loaded library of that name.
[[noreturn]] void open_device_with_driver(const char* version) {
  setenv("FAKE_CUDA_DRIVER", version, 1);
  if (dlopen(CUDA_DRIVER_FAKE, RTLD_NOW | RTLD_GLOBAL) == nullptr) std::fputs(dlerror(), stderr);
  open_device();
}

TEST(CudaDevice, NoDriver) {
  if (dlopen("libcuda.so.1", RTLD_LAZY) != nullptr) GTEST_SKIP() << "this machine has a driver";
  EXPECT_EXIT(open_device(), ExitedWithCode(1), "^no CUDA driver \\(libcuda.so.1\\) on this machine: ");
}

TEST(CudaDevice, OldDriver) {
  EXPECT_EXIT(open_device_with_driver("11040"), ExitedWithCode(1),
              "^the CUDA driver is too old: it supports CUDA 11.4, this build needs [0-9]+\\.[0-9] ");
}

TEST(CudaDevice, NoDevice) {
  EXPECT_EXIT(open_device_with_driver("99000"), ExitedWithCode(1),
              "^no CUDA device: no CUDA-capable device is detected \\(cudaErrorNoDevice\\)");
}

TEST(CudaCheck, ErrorMessage) {
  cuda_check(cudaSuccess, "nothing");
  EXPECT_THAT([] { cuda_check(cudaErrorECCUncorrectable, "waiting for the device"); },
              ThrowsMessage<std::runtime_error>(
                  "waiting for the device: uncorrectable ECC error encountered (cudaErrorECCUncorrectable)"));
}

}  // namespace
}  // namespace whygpu
