// The operations of the BLIS backend, one file each.
#pragma once

#include <memory>
#include <string>

#include "whygpu/probes.h"

namespace whygpu::blis {

Support supports(const Gemm& gemm);
std::unique_ptr<Operation> prepare(const Gemm& gemm);

Support supports(const Convolution& op);
std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout);

Support supports(const Stream& stream);
std::unique_ptr<Operation> prepare(const Stream& stream);

std::string version();       // "BLIS 0.9.0"
std::string kernels();       // the kernel set in use, such as "zen3"
int threads();               // that a product may use
std::string running_with();  // version, kernels and threads, for implementation()

}  // namespace whygpu::blis
