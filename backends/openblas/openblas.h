// The operations of the OpenBLAS backend, one file each.
#pragma once

#include <memory>
#include <string>

#include "whygpu/probes.h"

namespace whygpu::openblas {

Support supports(const Gemm& gemm);
std::unique_ptr<Operation> prepare(const Gemm& gemm, Layout layout);

Support supports(const Convolution& op);
std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout);

std::string version();       // "OpenBLAS 0.3.21"
std::string core();          // the kernel set in use, such as "Haswell"
std::string running_with();  // version, core and threads, for implementation()

Support supports(const Stream& stream);
std::unique_ptr<Operation> prepare(const Stream& stream);

}  // namespace whygpu::openblas
