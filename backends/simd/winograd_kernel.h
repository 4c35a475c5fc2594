// Winograd's transforms, channel by channel. Included like micro_kernel.h. A transform is M·x·Mᵀ for a matrix M; those
// of F(4×4, 3×3) follow from five points and infinity (Lavin and Gray, "Fast algorithms for convolutional neural
// networks", 2016). These points lose about half the digits that 0, ±1 and ±2 do (Barabasz, Anderson, Soodhalter and
// Gregg, "Error analysis and improving the accuracy of Winograd convolution for deep neural networks", 2020).
#pragma once

#include <type_traits>

#include "backends/simd/epilogue_kernel.h"
#include "backends/simd/micro_kernel.h"

namespace whygpu::simd {
namespace {

// The points are 0, ±a, ±b and infinity. All values but quotients are exact.
template <class V>
struct WinogradPoints {
  using T = std::remove_cvref_t<decltype(V{}[0])>;
  static constexpr T a = 0.75, b = 1.5, a2 = a * a, b2 = b * b, a3 = a2 * a, b3 = b2 * b;
  // Divisors of the filters' rows: the products of a point's distances from the others.
  static constexpr T f0 = 1 / (a2 * b2), fa = 1 / (2 * a2 * (a2 - b2)), fb = 1 / (2 * b2 * (b2 - a2));
};

struct ImageMatrix {  // Bᵀ
  static constexpr int kIn = 6, kOut = 6;
  template <class V>
  static void apply(const V* x, V* y) {
    using P = WinogradPoints<V>;
    const V even1 = x[4] - P::b2 * x[2], odd1 = P::a * (x[3] - P::b2 * x[1]);
    const V even2 = x[4] - P::a2 * x[2], odd2 = P::b * (x[3] - P::a2 * x[1]);
    y[0] = P::a2 * P::b2 * x[0] + (x[4] - (P::a2 + P::b2) * x[2]);
    y[1] = even1 + odd1;
    y[2] = even1 - odd1;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = P::a2 * P::b2 * x[1] + (x[5] - (P::a2 + P::b2) * x[3]);
  }
};

struct ResultMatrix {  // Aᵀ
  static constexpr int kIn = 6, kOut = 4;
  template <class V>
  static void apply(const V* x, V* y) {
    using P = WinogradPoints<V>;
    const V sum1 = x[1] + x[2], difference1 = x[1] - x[2], sum2 = x[3] + x[4], difference2 = x[3] - x[4];
    y[0] = x[0] + sum1 + sum2;
    y[1] = P::a * difference1 + P::b * difference2;
    y[2] = P::a2 * sum1 + P::b2 * sum2;
    y[3] = P::a3 * difference1 + P::b3 * difference2 + x[5];
  }
};

struct ResultGradientMatrix {  // A
  static constexpr int kIn = 4, kOut = 6;
  template <class V>
  static void apply(const V* x, V* y) {
    using P = WinogradPoints<V>;
    const V even1 = x[0] + P::a2 * x[2], odd1 = P::a * x[1] + P::a3 * x[3];
    const V even2 = x[0] + P::b2 * x[2], odd2 = P::b * x[1] + P::b3 * x[3];
    y[0] = x[0];
    y[1] = even1 + odd1;
    y[2] = even1 - odd1;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = x[3];
  }
};

struct FilterMatrix {  // G
  static constexpr int kIn = 3, kOut = 6;
  template <class V>
  static void apply(const V* x, V* y) {
    using P = WinogradPoints<V>;
    const V even1 = P::fa * (x[0] + P::a2 * x[2]), odd1 = P::fa * P::a * x[1];
    const V even2 = P::fb * (x[0] + P::b2 * x[2]), odd2 = P::fb * P::b * x[1];
    y[0] = P::f0 * x[0];
    y[1] = even1 + odd1;
    y[2] = even1 - odd1;
    y[3] = even2 + odd2;
    y[4] = even2 - odd2;
    y[5] = x[2];
  }
};

struct FilterGradientMatrix {  // Gᵀ
  static constexpr int kIn = 6, kOut = 3;
  template <class V>
  static void apply(const V* x, V* y) {
    using P = WinogradPoints<V>;
    const V sum1 = P::fa * (x[1] + x[2]), sum2 = P::fb * (x[3] + x[4]);
    y[0] = P::f0 * x[0] + sum1 + sum2;
    y[1] = P::fa * P::a * (x[1] - x[2]) + P::fb * P::b * (x[3] - x[4]);
    y[2] = P::a2 * sum1 + P::b2 * sum2 + x[5];
  }
};

// M·x·Mᵀ of one vector of channels: `read(i)` and `write(i, value)` are of the row-major x and of the result.
template <class Matrix, class V, class Read, class Write>
[[gnu::always_inline]] inline void transform(const Read& read, const Write& write) {
  constexpr int kIn = Matrix::kIn, kOut = Matrix::kOut;
  V half[kOut][kIn];
#pragma GCC unroll 6
  for (int column = 0; column < kIn; ++column) {
    V x[kIn], y[kOut];
#pragma GCC unroll 6
    for (int i = 0; i < kIn; ++i) x[i] = read(i * kIn + column);
    Matrix::apply(x, y);
#pragma GCC unroll 6
    for (int i = 0; i < kOut; ++i) half[i][column] = y[i];
  }
#pragma GCC unroll 6
  for (int row = 0; row < kOut; ++row) {
    V y[kOut];
    Matrix::apply(half[row], y);
#pragma GCC unroll 6
    for (int i = 0; i < kOut; ++i) write(row * kOut + i, y[i]);
  }
}

// All channels, the last vector in part. `then(value, offset, lanes)` is what is written of a value.
template <class Kind, class Matrix, class ReadAt, class WriteAt, class Then>
[[gnu::always_inline]] inline void transform_channels(std::int64_t channels, const ReadAt& from, const WriteAt& to,
                                                      const Then& then) {
  using Isa = typename Kind::Isa;
  using V = typename Kind::Words;
  constexpr std::int64_t kWidth = kLanes<Kind>, kBytes = sizeof(V);
  std::int64_t c = 0, offset = 0;
  for (; c + kWidth <= channels; c += kWidth, offset += kBytes) {
    transform<Matrix, V>([&](int i) { return load<V>(from(i) + offset); },
                         [&](int i, V value) { store(to(i) + offset, then(value, offset, kWidth)); });
  }
  const int lanes = static_cast<int>(channels - c);
  if (lanes == 0) return;
  transform<Matrix, V>([&](int i) { return load_first<Isa, V>(from(i) + offset, lanes); },
                       [&](int i, V value) { store_first<Isa>(to(i) + offset, then(value, offset, lanes), lanes); });
}

constexpr auto nothing_more = [](auto value, std::int64_t, int) { return value; };

template <class Kind, class Matrix>
void transform_values(const ValuesTransform& t) {
  transform_channels<Kind, Matrix>(
      t.channels, [&t](int i) { return t.values[i]; }, [&t](int i) { return t.out + i * t.plane; }, nothing_more);
}

template <class Kind, class Matrix>
void transform_planes(const PlanesTransform& t) {
  using V = typename Kind::Words;
  const auto from = [&t](int i) { return t.in + i * t.plane; };
  const auto to = [&t](int i) { return t.values[i]; };
  if (t.bias == nullptr) return transform_channels<Kind, Matrix>(t.channels, from, to, nothing_more);
  const V least = least_result<V>(t.relu);
  transform_channels<Kind, Matrix>(t.channels, from, to, [&](V value, std::int64_t offset, int lanes) {
    return at_least(least, value + load_first<typename Kind::Isa, V>(t.bias + offset, lanes));
  });
}

}  // namespace
}  // namespace whygpu::simd
