// Which matrix products the cudnn backend computes.
#pragma once

#include "whygpu/backend.h"

namespace whygpu {

// Networks share row-major tensors, and multiply with cuBLASLt. A product measured alone would be a second row of
// cublas under another library's name.
inline Support multiplies_for(Layout layout) {
  if (layout == Layout::row_major) return {};
  return Support::no("alone, products are measured on backend=cublas: cuBLASLt computes those of cudnn's networks too");
}

}  // namespace whygpu
