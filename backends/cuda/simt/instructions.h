// The host versions of backends/cuda/kernels/instructions.h: same results, and errors where a GPU would fault or slow
// down.
#pragma once

#include <bit>
#include <cstring>

#include "backends/cuda/simt/simt.h"
#include "backends/dtypes.h"

namespace whygpu::cuda {

template <int kBytes>
void copy_async(void* shared, const void* global, bool inside) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  simt::require_aligned(shared, kBytes, "cp.async to shared memory");
  simt::require_aligned(global, kBytes, "cp.async from global memory");
  simt::async_copy(shared, global, kBytes, inside);
}

inline void copy_async_commit() { simt::async_commit(); }

template <int kGroups>
void copy_async_wait() {
  simt::async_wait(kGroups);
}

namespace detail {

struct LoadMatrix {
  const void* row;
  unsigned (*fragments)[4];
};

template <bool kTransposed>
void load_matrices(std::span<void* const> lanes) {
  for (int matrix = 0; matrix < 4; ++matrix) {
    std::uint16_t tile[8][8];
    unsigned banks = 0;
    for (int row = 0; row < 8; ++row) {
      const void* address = static_cast<LoadMatrix*>(lanes[static_cast<std::size_t>(8 * matrix + row)])->row;
      simt::require_aligned(address, 16, "ldmatrix");
      std::memcpy(tile[row], address, 16);
      banks |= 1U << (reinterpret_cast<std::uintptr_t>(address) / 16 % 8);
    }
    simt::add_bank_conflicts(8 - std::popcount(banks));
    for (int lane = 0; lane < 32; ++lane) {
      const int outer = lane / 4, inner = lane % 4 * 2;
      const std::uint16_t low = kTransposed ? tile[inner][outer] : tile[outer][inner];
      const std::uint16_t high = kTransposed ? tile[inner + 1][outer] : tile[outer][inner + 1];
      (*static_cast<LoadMatrix*>(lanes[static_cast<std::size_t>(lane)])->fragments)[matrix] =
          low | static_cast<unsigned>(high) << 16;
    }
  }
}

}  // namespace detail

inline void load_matrix_x4(unsigned (&fragments)[4], const void* row) {
  detail::LoadMatrix mine{row, &fragments};
  simt::warp_collective(detail::load_matrices<false>, &mine);
}

inline void load_matrix_x4_transposed(unsigned (&fragments)[4], const void* row) {
  detail::LoadMatrix mine{row, &fragments};
  simt::warp_collective(detail::load_matrices<true>, &mine);
}

inline unsigned load_word(const void* word) {
  unsigned value;
  std::memcpy(&value, word, sizeof(value));
  return value;
}

// One lane's operands of a multiply_add().
struct MultiplyAdd {
  void* d;
  const unsigned* a;
  const unsigned* b;
};
// Multiplies elements of this type; specialised for each type that the instruction takes (instructions.cpp).
template <class In>
void multiply_add_warp(std::span<void* const> lanes);

template <class In, class Sum>
void multiply_add(In, Sum (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  MultiplyAdd mine{d, a, b};
  simt::warp_collective(multiply_add_warp<In>, &mine);
}

}  // namespace whygpu::cuda
