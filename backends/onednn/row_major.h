// Any primitive over the device's row-major tensors. If oneDNN prefers another layout, reorders before and after the
// primitive are part of the operation.
#pragma once

#include "backends/onednn/onednn.h"

namespace whygpu::onednn {

struct RowMajorArgument {
  int name = 0;                       // DNNL_ARG_SRC, …
  dnnl::memory::desc caller, chosen;  // the caller's layout, the primitive's layout
  bool result = false;
};

// `arguments` in the order of the operation's own.
std::unique_ptr<Operation> row_major_operation(Context& context, dnnl::primitive primitive,
                                               std::vector<RowMajorArgument> arguments, std::string implementation);

}  // namespace whygpu::onednn
