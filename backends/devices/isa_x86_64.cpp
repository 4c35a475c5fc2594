#include "backends/devices/isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace whygpu {
namespace {

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(unsigned word, int index) { return ((word >> index) & 1) != 0; }

// Register state that the operating system saves (XCR0).
unsigned saved_state() {
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Linux grants tile data on request only (Documentation/arch/x86/xstate.rst).
bool tiles_granted() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

// Bit numbers from the Intel SDM, volume 2, CPUID leaves 1 and 7.
Isa detect_isa() {
  Isa found;
  if (!bit(cpuid(1, 0).ecx, 27)) return found;  // OSXSAVE
  const unsigned state = saved_state();
  const Registers features = cpuid(7, 0), more = cpuid(7, 1);
  const bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6;
  found.avx2 = ymm && bit(features.ebx, 5) && bit(cpuid(1, 0).ecx, 12);
  found.avx_vnni = found.avx2 && bit(more.eax, 4);
  found.avx512 = zmm && bit(features.ebx, 16) && bit(features.ebx, 17) && bit(features.ebx, 30) &&
                 bit(features.ebx, 31);  // F, DQ, BW, VL
  found.avx512_vnni = found.avx512 && bit(features.ecx, 11);
  found.avx512_bf16 = found.avx512 && bit(more.eax, 5);
  found.avx512_fp16 = found.avx512 && bit(features.edx, 23);
  const bool tiles = (state & 0x60000) == 0x60000 && bit(features.edx, 24) && tiles_granted();
  found.amx_bf16 = tiles && bit(features.edx, 22);
  found.amx_int8 = tiles && bit(features.edx, 25);
  return found;
}

}  // namespace whygpu
