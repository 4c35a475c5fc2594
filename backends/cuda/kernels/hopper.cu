#include "backends/cuda/gemm.h"
namespace whygpu::cuda {
const Rung hopper_rung{"hopper", [](const Gemm&, const Chip&) { return Support::no("needs compute capability 9.0"); },
                       [](const Gemm&, const Chip&) -> Plan { return {}; }};
}
