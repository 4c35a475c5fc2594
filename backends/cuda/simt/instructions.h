// The host's versions of backends/cuda/kernels/instructions.h: same results, and errors where a GPU would fault or
// crawl.
#pragma once

#include <cstring>
#include <set>

#include "backends/cuda/simt/simt.h"
#include "backends/dtypes.h"

namespace whygpu::cuda {

template <int kBytes>
void copy_async(void* shared, const void* global, bool inside) {
  static_assert(kBytes == 4 || kBytes == 8 || kBytes == 16);
  simt::require_aligned(shared, kBytes, "cp.async to shared memory");
  simt::require_aligned(global, kBytes, "cp.async from global memory");
  simt::async_start([=] {
    if (inside) {
      std::memcpy(shared, global, kBytes);
    } else {
      std::memset(shared, 0, kBytes);
    }
  });
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
void load_matrices(void* const (&lanes)[32]) {
  for (int matrix = 0; matrix < 4; ++matrix) {
    std::uint16_t tile[8][8];
    std::set<std::uintptr_t> banks;
    for (int row = 0; row < 8; ++row) {
      const void* address = static_cast<LoadMatrix*>(lanes[8 * matrix + row])->row;
      simt::require_aligned(address, 16, "ldmatrix");
      std::memcpy(tile[row], address, 16);
      banks.insert(reinterpret_cast<std::uintptr_t>(address) / 16 % 8);
    }
    simt::add_bank_conflicts(8 - static_cast<long>(banks.size()));
    for (int lane = 0; lane < 32; ++lane) {
      const int outer = lane / 4, inner = lane % 4 * 2;
      const std::uint16_t low = kTransposed ? tile[inner][outer] : tile[outer][inner];
      const std::uint16_t high = kTransposed ? tile[inner + 1][outer] : tile[outer][inner + 1];
      (*static_cast<LoadMatrix*>(lanes[lane])->fragments)[matrix] = low | static_cast<unsigned>(high) << 16;
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

namespace detail {

inline float mma_value(Float16 value) { return static_cast<float>(value); }
inline float mma_value(BFloat16 value) { return static_cast<float>(value); }
inline std::int32_t mma_value(std::int8_t value) { return value; }
inline float mma_value(Tf32 value) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value.value) & ~0x1fffU);
}

template <class Sum>
struct MultiplyAdd {
  Sum (*d)[4];
  const unsigned (*a)[4];
  const unsigned (*b)[2];
};

// Element `index` of the 32-bit word that a lane holds.
template <class In>
auto element_of(unsigned word, int index) {
  In value;
  std::memcpy(static_cast<void*>(&value), reinterpret_cast<const char*>(&word) + index * sizeof(In), sizeof(In));
  return mma_value(value);
}

template <class In, class Sum>
void multiply_add_warp(void* const (&lanes)[32]) {
  constexpr int kPerWord = 4 / sizeof(In);
  constexpr int kDepth = 8 * kPerWord;
  using Operands = MultiplyAdd<Sum>;
  Sum a[16][kDepth], b[kDepth][8];
  for (int lane = 0; lane < 32; ++lane) {
    const auto& mine = *static_cast<const Operands*>(lanes[lane]);
    for (int e = 0; e < kPerWord; ++e) {
      const int k = lane % 4 * kPerWord + e;
      for (int reg = 0; reg < 4; ++reg) {
        a[lane / 4 + reg % 2 * 8][k + reg / 2 * (kDepth / 2)] = element_of<In>((*mine.a)[reg], e);
      }
      for (int reg = 0; reg < 2; ++reg) b[k + reg * (kDepth / 2)][lane / 4] = element_of<In>((*mine.b)[reg], e);
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    auto& d = *static_cast<Operands*>(lanes[lane])->d;
    for (int reg = 0; reg < 4; ++reg) {
      const int row = lane / 4 + reg / 2 * 8, column = lane % 4 * 2 + reg % 2;
      for (int k = 0; k < kDepth; ++k) d[reg] += a[row][k] * b[k][column];
    }
  }
}

}  // namespace detail

template <class In, class Sum>
void multiply_add(In, Sum (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  detail::MultiplyAdd<Sum> mine{&d, &a, &b};
  simt::warp_collective(detail::multiply_add_warp<In, Sum>, &mine);
}

}  // namespace whygpu::cuda
