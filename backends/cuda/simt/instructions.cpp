// The arithmetic of the warp-wide multiply-add. Accesses registers only, so it is built without the sanitizers.
#include "backends/cuda/kernels/instructions.h"

namespace whygpu::cuda {
namespace {

float widened(BFloat16 value) { return static_cast<float>(value); }
std::int32_t widened(std::int8_t value) { return value; }
float widened(Tf32 value) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value.value) & ~0x1fffU); }

// A table of all binary16 values, because most processors that run tests convert one at a time.
float widened(Float16 value) {
  static const auto table = [] {
    std::vector<float> values(1 << 16);
    for (unsigned bits = 0; bits < values.size(); ++bits) {
      Float16 half;
      half.bits = static_cast<std::uint16_t>(bits);
      values[bits] = static_cast<float>(half);
    }
    return values;
  }();
  return table[value.bits];
}

// Element `index` of a 32-bit word.
template <class In>
auto element(unsigned word, int index) {
  In value;
  std::memcpy(static_cast<void*>(&value), reinterpret_cast<const char*>(&word) + index * sizeof(In), sizeof(In));
  return widened(value);
}

}  // namespace

template <class In>
void multiply_add_warp(std::span<void* const> lanes) {
  using Sum = decltype(element<In>(0, 0));
  constexpr int kPerWord = 4 / sizeof(In);
  constexpr int kDepth = 8 * kPerWord;
  Sum a[16][kDepth], b[kDepth][8], products[16][8] = {};
  for (int lane = 0; lane < 32; ++lane) {
    const auto& mine = *static_cast<const MultiplyAdd*>(lanes[lane]);
    for (int e = 0; e < kPerWord; ++e) {
      const int k = lane % 4 * kPerWord + e;
      for (int reg = 0; reg < 4; ++reg) {
        a[lane / 4 + reg % 2 * 8][k + reg / 2 * (kDepth / 2)] = element<In>(mine.a[reg], e);
      }
      for (int reg = 0; reg < 2; ++reg) b[k + reg * (kDepth / 2)][lane / 4] = element<In>(mine.b[reg], e);
    }
  }
  for (int row = 0; row < 16; ++row) {
    for (int k = 0; k < kDepth; ++k) {
      for (int column = 0; column < 8; ++column) products[row][column] += a[row][k] * b[k][column];
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    auto* const d = static_cast<Sum*>(static_cast<const MultiplyAdd*>(lanes[lane])->d);
    for (int reg = 0; reg < 4; ++reg) d[reg] += products[lane / 4 + reg / 2 * 8][lane % 4 * 2 + reg % 2];
  }
}

template void multiply_add_warp<Float16>(std::span<void* const>);
template void multiply_add_warp<BFloat16>(std::span<void* const>);
template void multiply_add_warp<Tf32>(std::span<void* const>);
template void multiply_add_warp<std::int8_t>(std::span<void* const>);

}  // namespace whygpu::cuda
