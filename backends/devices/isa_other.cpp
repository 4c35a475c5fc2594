#include "backends/devices/isa.h"

namespace whygpu {

Isa detect_isa() { return {}; }

int tlb_pages() { return 0; }

}  // namespace whygpu
