#include "backends/devices/isa.h"

#include <sys/auxv.h>

namespace whygpu {

// What the kernel reports (Documentation/arch/arm64/elf_hwcaps.rst).
Isa detect_isa() {
  const unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  Isa found;
  found.fp16 = (first & HWCAP_ASIMDHP) != 0;
  found.dotprod = (first & HWCAP_ASIMDDP) != 0;
  found.bf16 = (second & HWCAP2_BF16) != 0;
  found.i8mm = (second & HWCAP2_I8MM) != 0;
  return found;
}

int tlb_pages() { return 0; }

}  // namespace whygpu
