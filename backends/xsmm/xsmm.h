// The operations of the libxsmm backend, one file each.
#pragma once

#include <memory>
#include <string>

#include "backends/devices/thread_team.h"
#include "whygpu/backend.h"

namespace whygpu::xsmm {

Support supports(const Gemm& gemm);
std::unique_ptr<Operation> prepare(const Gemm& gemm, ThreadTeam& team);

Support supports(const Convolution& op);
std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout, int threads);

std::string version();                  // "libxsmm 1.17"
std::string target();                   // what code is generated for, such as "clx"
std::string running_with(int threads);  // version, target and threads, for implementation()

}  // namespace whygpu::xsmm
