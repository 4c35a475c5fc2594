#include "backends/devices/isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

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

// Intel SDM, volume 2, CPUID leaf 18h: one subleaf for each TLB.
int intel_tlb_pages() {
  constexpr unsigned kLeaf = 0x18, kData = 1, kUnified = 3;
  int most = 0;
  const unsigned last = cpuid(kLeaf, 0).eax;
  for (unsigned subleaf = 0; subleaf <= last; ++subleaf) {
    const Registers tlb = cpuid(kLeaf, subleaf);
    const unsigned type = tlb.edx & 0x1f, level = (tlb.edx >> 5) & 7;
    if ((type != kData && type != kUnified) || level != 2 || !bit(tlb.ebx, 0)) continue;
    most = std::max(most, static_cast<int>((tlb.ebx >> 16) * tlb.ecx));
  }
  return most;
}

}  // namespace

int tlb_pages() {
  constexpr unsigned kAmdCaches = 0x80000006;  // AMD64 Architecture Programmer's Manual, volume 3, appendix E
  if (__get_cpuid_max(0, nullptr) >= 0x18 && cpuid(0x18, 0).ebx != 0) return intel_tlb_pages();
  if (__get_cpuid_max(0x80000000, nullptr) < kAmdCaches) return 0;
  return static_cast<int>((cpuid(kAmdCaches, 0).ebx >> 16) & 0xfff);
}

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
