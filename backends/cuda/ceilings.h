// What a GPU can do at most: STREAM on its memory, transfers, launches, and arithmetic in registers. Operations for the
// cuda backend, which has nothing else to do with them than to pass them on.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backends/backend.h"
#include "backends/devices/cuda.h"

namespace whygpu::cuda {

// True for Stream, Transfer, Launch, Peak and CycleChain.
bool is_ceiling(const Op& op);

// copy: kernel, memcpy. Peak: wgmma (sm_90a), mma (sm_80 and later), cores.
std::vector<std::string> ceiling_variants(const Op& op, const CudaDevice& device);
Support ceiling_supports(const Op& op, std::string_view variant, const CudaDevice& device);
std::unique_ptr<Operation> prepare_ceiling(const Op& op, std::string_view variant, CudaDevice& device);

// One file each.
std::unique_ptr<Operation> prepare_stream(const Stream& stream, bool memcpy, CudaDevice& device);
std::unique_ptr<Operation> prepare_transfer(const Transfer& transfer, CudaDevice& device);
std::unique_ptr<Operation> prepare_launch(const Launch& launch, CudaDevice& device);
std::unique_ptr<Operation> prepare_cycles(const CycleChain& chain, CudaDevice& device);

enum class PeakUnit : std::uint8_t { cores, mma, wgmma };
bool has_peak(DType dtype, PeakUnit unit, int compute_capability);
std::unique_ptr<Operation> prepare_peak(const Peak& peak, PeakUnit unit, CudaDevice& device);

}  // namespace whygpu::cuda
