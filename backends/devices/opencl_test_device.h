// A fixture with an OpenCL device, for tests. Without one, tests are skipped, except where CI is set.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "backends/devices/opencl.h"

namespace whygpu {

class OpenClDeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      device_.emplace(0);
    } catch (const std::exception& error) {
      if (std::getenv("CI") != nullptr) FAIL() << error.what();
      GTEST_SKIP() << error.what();
    }
  }

  OpenClDevice& device() { return *device_; }

 private:
  std::optional<OpenClDevice> device_;
};

}  // namespace whygpu
