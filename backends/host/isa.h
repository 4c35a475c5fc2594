// What the processor under this process can execute, with the operating system's consent.
#pragma once

namespace whygpu::host {

struct Isa {
  bool avx2 = false, avx512 = false, avx512_fp16 = false, avx512_bf16 = false;
  bool avx_vnni = false, avx512_vnni = false, amx_bf16 = false, amx_int8 = false;
};

// Asks the kernel for AMX's tile registers on first use, for the whole process.
const Isa& isa();

}  // namespace whygpu::host
