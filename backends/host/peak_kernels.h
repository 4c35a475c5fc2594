// Register-only arithmetic, one kernel per dtype and instruction set: independent chains of acc += a·b, acc += a·(-b).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "backends/devices/isa.h"
#include "whygpu/probes.h"

namespace whygpu::host {

// The operands of one thread. Values are integers small enough that every sum is exact.
struct alignas(64) PeakData {
  std::byte start[4096];  // every accumulator register's first value
  std::byte a[1024], b[1024], minus_b[1024];
  std::byte end[4096];  // every accumulator register's last value
};

struct PeakKernel {
  DType dtype;
  std::string_view variant;      // instruction set, as written in a case
  std::string_view instruction;  // what the inner loop issues
  bool Isa::*needs;              // null: runs everywhere
  DType lane;                    // what one lane of an accumulator holds
  int register_bytes, chains;
  int operations;  // of one instruction, a multiplication and an addition counted as two
  void (*run)(std::int64_t rounds, PeakData& data);

  // One round adds to every chain once and subtracts once.
  std::int64_t operations_per_round() const { return std::int64_t{2} * chains * operations; }
};

// For each dtype the fastest first. The caller checks which of them this processor has.
std::span<const PeakKernel> peak_kernels();

// Those of the architecture (x86_64/, aarch64/); peak_kernels() ends with what runs everywhere.
std::span<const PeakKernel> native_peak_kernels();

// A chain of dependent instructions that takes about `cycles` cycles, and what they are.
void run_clock_chain(std::int64_t cycles);
std::string_view clock_instruction();

}  // namespace whygpu::host
