// What the installed cuDNN plans for an H100, which need not be there: the device is described by its properties
// (cuDNN 9.8 and newer). Engines that cuDNN compiles at run time need a driver, so without one they are missing here.
#include <cudnn.h>
#include <gmock/gmock.h>

#include <string_view>

#include "backends/cudnn/plans.h"

namespace {

constexpr std::string_view kH100 = R"({"deviceName": "NVIDIA H100 80GB HBM3", "deviceVer": 900, "driverVer": 13000,
  "cudaDeviceId": 0, "pciDeviceId": 0, "isTccDriver": 0, "supportCoopLaunch": 1, "multiProcessorCount": 132,
  "warpSize": 32, "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64],
  "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "maxCtasPerSM": 32, "regsPerBlock": 65536,
  "maxRegistersPerSM": 65536, "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448,
  "reservedSharedMemoryPerBlock": 1024, "l2CacheSize": 52428800, "smClockRateKHz": 1980000,
  "memClockRateKHz": 2619000, "totalGlobalMem": 85028765696})";

cudnnBackendDescriptor_t h100 = nullptr;

}  // namespace

extern "C" {

cudnnStatus_t __real_cudnnBackendSetAttribute(cudnnBackendDescriptor_t, cudnnBackendAttributeName_t,
                                              cudnnBackendAttributeType_t, std::int64_t, const void*);

// Linked in place of cudnnBackendSetAttribute(): where a caller names its handle, names the described device.
cudnnStatus_t __wrap_cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                              cudnnBackendAttributeType_t type, std::int64_t count,
                                              const void* values) {
  const auto name_device = [&](cudnnBackendAttributeName_t device) {
    return __real_cudnnBackendSetAttribute(descriptor, device, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &h100);
  };
  if (type == CUDNN_TYPE_HANDLE) {
    return name == CUDNN_ATTR_EXECUTION_PLAN_HANDLE ? name_device(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP)
                                                    : CUDNN_STATUS_SUCCESS;
  }
  if (name == CUDNN_ATTR_ENGINEHEUR_MODE) {
    if (const auto status = name_device(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP); status != CUDNN_STATUS_SUCCESS) {
      return status;
    }
  }
  return __real_cudnnBackendSetAttribute(descriptor, name, type, count, values);
}
}

namespace whygpu {
namespace {

constexpr DType kFloats[] = {DType::f64, DType::f32, DType::tf32, DType::f16, DType::bf16};
constexpr Pass kPasses[] = {Pass::forward, Pass::backward_data, Pass::backward_weights};

class CudnnLibrary : public ::testing::Test {
 protected:
  CudnnLibrary() : properties_(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) { h100 = properties_.get(); }

  void SetUp() override {
    try {
      cudnn_check(__real_cudnnBackendSetAttribute(properties_.get(), CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                                  CUDNN_TYPE_CHAR, kH100.size(), kH100.data()),
                  "describing a device");
      properties_.finalize("describing a device");
    } catch (const std::exception& error) {
      GTEST_SKIP() << "cuDNN " << cudnnGetVersion() << " describes devices otherwise: " << error.what();
    }
  }

  static Convolution convolution(Pass pass, DType dtype) {
    return {.pass = pass,
            .n = 8,
            .c = 64,
            .h = 28,
            .w = 28,
            .k = 64,
            .r = 3,
            .s = 3,
            .pad_h = 1,
            .pad_w = 1,
            .dtype = dtype};
  }
  static Plan first_plan(const Convolution& conv) {
    return std::move(plan_convolution(nullptr, conv, 1, std::size_t{16} << 30).plans.front());
  }

 private:
  CudnnDescriptor properties_;
};

TEST_F(CudnnLibrary, AllFloatsAndPasses) {
  for (const DType dtype : kFloats) {
    for (const Pass pass : kPasses) {
      SCOPED_TRACE(std::string(dtype_name(dtype)) + ", pass " + std::to_string(static_cast<int>(pass)));
      const Plan plan = first_plan(convolution(pass, dtype));
      EXPECT_FALSE(plan.description.empty());
      const bool tensor_cores = plan.description.find("tensor cores") != std::string::npos;
      EXPECT_TRUE(dtype != DType::f32 || !tensor_cores) << plan.description;
      EXPECT_TRUE(dtype != DType::tf32 || tensor_cores) << plan.description;
    }
  }
}

TEST_F(CudnnLibrary, Integers) {
  EXPECT_NO_THROW(first_plan(convolution(Pass::forward, DType::s8)));
  const Support gradient =
      supports_convolution(nullptr, convolution(Pass::backward_weights, DType::s8), std::size_t{16} << 30);
  EXPECT_FALSE(gradient);
  EXPECT_THAT(gradient.reason, ::testing::MatchesRegex("cuDNN proposes no engine for this: .+"));
}

// Layers that the fused engines do not support: images of three channels, and depthwise convolutions.
TEST_F(CudnnLibrary, WidenedGradients) {
  for (const DType dtype : {DType::f16, DType::bf16}) {
    Convolution conv = convolution(Pass::backward_weights, dtype);
    conv.c = 3;
    EXPECT_EQ(first_plan(conv).form, Form::widened);
    conv.c = conv.groups = 64;
    EXPECT_EQ(first_plan(conv).form, Form::widened);
  }
}

}  // namespace
}  // namespace whygpu
