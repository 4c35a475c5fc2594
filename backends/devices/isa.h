// What this processor can execute and the operating system allows.
#pragma once

namespace whygpu {

struct Isa {
  bool avx2 = false, avx512 = false, avx512_fp16 = false, avx512_bf16 = false;
  bool avx_vnni = false, avx512_vnni = false, amx_bf16 = false, amx_int8 = false;
  bool fp16 = false, dotprod = false, bf16 = false, i8mm = false;  // 64-bit Arm, which always has NEON
};

// Of each architecture (isa_x86_64.cpp, isa_aarch64.cpp, isa_other.cpp). Requests AMX's tile registers from the kernel,
// for the whole process.
Isa detect_isa();

// Pages of 4 KiB that the second-level TLB translates for data; 0 if the processor does not say.
int tlb_pages();

inline const Isa& isa() {
  static const Isa found = detect_isa();
  return found;
}

}  // namespace whygpu
