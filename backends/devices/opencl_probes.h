// Probes of an OpenCL device: STREAM, transfers and empty launches. Its arithmetic is not measured.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/devices/opencl.h"
#include "whygpu/probes.h"

namespace whygpu {

class OpenClProbes final : public Probes {
 public:
  explicit OpenClProbes(OpenClDevice& device) : device_(device) {}
  std::vector<std::string> variants(const Probe&) const override { return {}; }
  Support supports(const Probe& probe, std::string_view variant) const override;
  std::unique_ptr<Operation> prepare(const Probe& probe, std::string_view variant) override;

 private:
  OpenClDevice& device_;
};

// Whether the device computes in `dtype`, and its driver allocates tensors of these sizes.
Support opencl_supports(const OpenClDevice& device, DType dtype, const std::vector<TensorSpec>& arguments);

Support opencl_supports(const OpenClDevice& device, const Stream& stream);
std::unique_ptr<Operation> prepare_opencl_stream(OpenClDevice& device, const Stream& stream);

}  // namespace whygpu
