// Measures a GPU's limits: STREAM on its memory, transfers, launches, and arithmetic in registers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backends/devices/cuda.h"
#include "whygpu/probes.h"

namespace whygpu::cuda {

class CudaProbes final : public Probes {
 public:
  explicit CudaProbes(CudaDevice& device) : device_(device) {}

  // copy: kernel, memcpy. Peak: wgmma (sm_90a), mma (sm_80 and later), cores.
  std::vector<std::string> variants(const Probe& probe) const override;
  Support supports(const Probe& probe, std::string_view variant) const override;
  std::unique_ptr<Operation> prepare(const Probe& probe, std::string_view variant) override;

 private:
  CudaDevice& device_;
};

// Each in its own file.
std::unique_ptr<Operation> prepare_stream(const Stream& stream, bool memcpy, CudaDevice& device);
std::unique_ptr<Operation> prepare_transfer(const Transfer& transfer, CudaDevice& device);
std::unique_ptr<Operation> prepare_launch(const Launch& launch, CudaDevice& device);
std::unique_ptr<Operation> prepare_cycles(const CycleChain& chain, CudaDevice& device);

enum class PeakUnit : std::uint8_t { cores, mma, wgmma };
bool has_peak(DType dtype, PeakUnit unit, int compute_capability);
std::unique_ptr<Operation> prepare_peak(const Peak& peak, PeakUnit unit, CudaDevice& device);

}  // namespace whygpu::cuda
