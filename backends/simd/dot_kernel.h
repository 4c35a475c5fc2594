// Dot products along k, and sums of a vector's lanes. Included like micro_kernel.h.
#pragma once

#include "backends/simd/micro_kernel.h"

namespace whygpu::simd {
namespace {

template <int kHalf, class V, int... kLane>
V swap_halves(V value, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(value, value, (kLane ^ kHalf)...);
}

// Halves at a time, so that several sums proceed side by side.
template <class V, int kHalf = sizeof(V) / sizeof(V{}[0]) / 2>
auto sum_of_lanes(V value) {
  value += swap_halves<kHalf>(value, std::make_integer_sequence<int, sizeof(V) / sizeof(value[0])>());
  if constexpr (kHalf > 1) {
    return sum_of_lanes<V, kHalf / 2>(value);
  } else {
    return value[0];
  }
}

// Lanes of two vectors in turn, kRun of them at a time: those of the even or of the odd runs of both.
template <int kRun, bool kOdd, class V, int... kLane>
V runs_in_turn(V first, V second, std::integer_sequence<int, kLane...>) {
  constexpr int kWidth = sizeof...(kLane);
  return __builtin_shufflevector(first, second,
                                 ((kLane & ~kRun) + (kOdd ? kRun : 0) + ((kLane & kRun) != 0 ? kWidth : 0))...);
}
template <int kRun, class V>
V add_runs(V first, V second) {
  constexpr auto kAllLanes = std::make_integer_sequence<int, sizeof(V) / sizeof(V{}[0])>();
  return runs_in_turn<kRun, false>(first, second, kAllLanes) + runs_in_turn<kRun, true>(first, second, kAllLanes);
}

// The sums of the lanes of four vectors, in the first four lanes.
template <class V, int kHalf = sizeof(V) / sizeof(V{}[0]) / 2>
V fold_to_four(V value) {
  if constexpr (kHalf < 4) {
    return value;
  } else {
    value += swap_halves<kHalf>(value, std::make_integer_sequence<int, sizeof(V) / sizeof(value[0])>());
    return fold_to_four<V, kHalf / 2>(value);
  }
}
template <class V>
V four_sums_of_lanes(V a, V b, V c, V d) {
  return fold_to_four(add_runs<2>(add_runs<1>(a, b), add_runs<1>(c, d)));
}

template <class Kind, int kRows, int kColumns>
void multiply_dots(const Dots& d) {
  using Isa = typename Kind::Isa;
  using Words = typename Kind::Words;
  using Sums = typename Kind::Sums;
  constexpr int kWidth = kLanes<Kind>;
  // A single product would wait for every addition.
  constexpr int kChains = kRows * kColumns >= 8 ? 1 : 4;
  Sums sums[kChains][kRows][kColumns] = {};
  const auto add = [&](int chain, std::int64_t step, auto read) __attribute__((always_inline)) {
    const auto offset = step * static_cast<std::int64_t>(sizeof(Words) / kWidth);
    Words rows[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) rows[r] = read(d.a + r * d.a_row + offset);
#pragma GCC unroll 16
    for (int c = 0; c < kColumns; ++c) {
      const Words column = read(d.b + c * d.b_column + offset);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) sums[chain][r][c] = Kind::multiply_add(sums[chain][r][c], rows[r], column);
    }
  };
  const auto read_all = [](const std::byte* from) __attribute__((always_inline)) { return load<Words>(from); };
  std::int64_t step = 0;
  for (; step + kChains * kWidth <= d.steps; step += kChains * kWidth) {
#pragma GCC unroll 16
    for (int chain = 0; chain < kChains; ++chain) add(chain, step + chain * kWidth, read_all);
  }
  for (; step + kWidth <= d.steps; step += kWidth) add(0, step, read_all);
  if (step < d.steps) {
    const int lanes = static_cast<int>(d.steps - step);
    add(
        0, step, [lanes](const std::byte* from) __attribute__((always_inline)) {
          return load_first<Isa, Words>(from, lanes);
        });
  }
  const auto all = [&](int i) __attribute__((always_inline)) {
    Sums total = sums[0][i / kColumns][i % kColumns];
#pragma GCC unroll 16
    for (int chain = 1; chain < kChains; ++chain) total += sums[chain][i / kColumns][i % kColumns];
    return total;
  };
  const auto put = [&](int i, auto total) __attribute__((always_inline)) {
    store(d.c + i / kColumns * d.c_row + i % kColumns * static_cast<std::int64_t>(sizeof total), total);
  };
  constexpr int kFours = kWidth >= 4 ? kRows * kColumns / 4 * 4 : 0;
#pragma GCC unroll 16
  for (int i = 0; i < kFours; i += 4) {
    const Sums four = four_sums_of_lanes(all(i), all(i + 1), all(i + 2), all(i + 3));
#pragma GCC unroll 4
    for (int lane = 0; lane < 4; ++lane) put(i + lane, four[lane]);
  }
#pragma GCC unroll 16
  for (int i = kFours; i < kRows * kColumns; ++i) put(i, sum_of_lanes(all(i)));
}

}  // namespace
}  // namespace whygpu::simd
