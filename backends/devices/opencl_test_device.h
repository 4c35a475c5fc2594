// Fixtures with an OpenCL device, for tests. Without one, tests are skipped, except where CI is set.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <exception>

#include "backends/devices/opencl.h"

namespace whygpu {

// With a T of the first device, one for all tests of a program: a new one would compile its kernels again.
template <class T>
class OpenClTestOf : public testing::Test {
 protected:
  void SetUp() override {
    try {
      opened();
    } catch (const std::exception& error) {
      if (std::getenv("CI") != nullptr) FAIL() << error.what();
      GTEST_SKIP() << error.what();
    }
  }

  static T& opened() {
    static T first(0);
    return first;
  }
};

class OpenClDeviceTest : public OpenClTestOf<OpenClDevice> {
 protected:
  static OpenClDevice& device() { return opened(); }
};

}  // namespace whygpu
