// The operations of the naive backend, one file each.
#pragma once

#include <memory>

#include "whygpu/probes.h"

namespace whygpu::naive {

Support supports(const Gemm& gemm);
std::unique_ptr<Operation> prepare(const Gemm& gemm);

Support supports(const Convolution& op);
std::unique_ptr<Operation> prepare(const Convolution& op);

Support supports(const Stream& stream);
std::unique_ptr<Operation> prepare(const Stream& stream);

}  // namespace whygpu::naive
