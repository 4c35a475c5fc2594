// The operations of the simd backend, one file each.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backends/devices/thread_team.h"
#include "backends/simd/kernels.h"
#include "whygpu/backend.h"

namespace whygpu::simd {

inline constexpr std::string_view kAutomatic = "automatic";  // the default variant

// Variants of a product: the rungs of a ladder from loops to the default, then instruction sets.
std::vector<std::string> variants(const Gemm& gemm);
Support supports(const Gemm& gemm, std::string_view variant);
std::unique_ptr<Operation> prepare(const Gemm& gemm, const PrepareOptions& options, ThreadTeam& team);

// Variants are instruction sets.
std::vector<std::string> variants(const Convolution& op);
Support supports(const Convolution& op, std::string_view variant);
std::unique_ptr<Operation> prepare(const Convolution& op, const PrepareOptions& options, ThreadTeam& team);
std::unique_ptr<Operation> prepare_weight_gradient(const Convolution& op, const Kernels& kernels, ThreadTeam& team);
std::unique_ptr<Operation> prepare_depthwise(const Convolution& op, const Kernels& kernels, ThreadTeam& team);

// "tiles up to 12×32, avx512 vfmadd231ps, threads=2"
std::string describe_kernels(const Kernels& kernels, std::size_t threads);

}  // namespace whygpu::simd
