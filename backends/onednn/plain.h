// Any primitive over the device's plain tensors. Where oneDNN prefers another layout, a reorder before or after the
// primitive is part of the operation.
#pragma once

#include "backends/onednn/onednn.h"

namespace whygpu::onednn {

struct PlainArgument {
  int name = 0;                       // DNNL_ARG_SRC, …
  dnnl::memory::desc caller, chosen;  // as the caller has it, as the primitive wants it
  bool result = false;
};

// `arguments` in the order of the operation's own.
std::unique_ptr<Operation> plain_operation(Context& context, dnnl::primitive primitive,
                                           std::vector<PlainArgument> arguments, std::string implementation);

}  // namespace whygpu::onednn
