// The micro-kernels, written once over the instruction set. Included by one source file for each set, which is compiled
// for it: nothing here may be an inline function that other files share, so everything is in an anonymous namespace and
// of the standard library only types are used.
//
// A tile of C stays in registers while k runs: every word of A is multiplied with all vectors of B's step. Its shape
// follows Van Zee and van de Geijn, "BLIS: a framework for rapidly instantiating BLAS functionality", 2015.
#pragma once

#include <utility>

#include "backends/simd/kernels.h"

namespace whygpu::simd {
namespace {

template <class T, int kBytes>
struct VectorType {
  typedef T type __attribute__((vector_size(kBytes)));
};
template <class T, int kBytes>
using Vector = typename VectorType<T, kBytes>::type;

template <class V>
V load(const void* from) {
  V value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

template <class V>
void store(void* to, V value) {
  __builtin_memcpy(to, &value, sizeof value);
}

// The first lanes of a vector in memory; the others are zero, or not written.
template <class Isa, class V>
V load_first(const void* from, int lanes) {
  if constexpr (Isa::template has_masks<V>()) {
    return Isa::template load_first<V>(from, lanes);
  } else {
    V value = {};
    __builtin_memcpy(&value, from, lanes * sizeof(value[0]));
    return value;
  }
}
template <class Isa, class V>
void store_first(void* to, V value, int lanes) {
  if constexpr (Isa::template has_masks<V>()) {
    Isa::store_first(to, value, lanes);
  } else {
    __builtin_memcpy(to, &value, lanes * sizeof(value[0]));
  }
}

template <class Isa, class V, bool kAll>
V read(const void* from, int lanes) {
  if constexpr (kAll) {
    return load<V>(from);
  } else {
    return load_first<Isa, V>(from, lanes);
  }
}

// A type of values says: Value, Word, Sum; group; how to repeat a word, to multiply and add; `across` makes a vector of
// words from `group` rows of values (all lanes, or the first), `along` from one row.

template <class Isa_, class T>
struct Plain {
  using Isa = Isa_;
  using Value = T;
  using Words = Vector<T, Isa::kBytes>;
  using Sums = Words;
  static constexpr int kGroup = 1;
  static constexpr bool kReadsA = true, kReadsB = true, kHasStart = false, kHasDots = true;

  static Words repeat(const std::byte* word) { return load<T>(word) - Words{}; }
  static Sums multiply_add(Sums sum, Words a, Words b) { return sum + a * b; }
  template <bool, bool kAll>
  static Words across(const T* values, std::int64_t, int lanes) {
    return read<Isa, Words, kAll>(values, lanes);
  }
  template <bool>
  static Words along(const T* values) {
    return load<Words>(values);
  }
};

// bf16 by f32 instructions: values are widened when they are packed.
template <class Isa_>
struct WidenedBf16 : Plain<Isa_, float> {
  using Value = std::uint16_t;
  using Words = Vector<float, Isa_::kBytes>;
  static constexpr bool kReadsA = false, kReadsB = false, kHasDots = false;

  template <bool, bool kAll>
  static Words across(const Value* values, std::int64_t, int lanes) {
    using Bits = Vector<std::uint32_t, Isa_::kBytes>;
    const auto bits = read<Isa_, Vector<Value, Isa_::kBytes / 2>, kAll>(values, lanes);
    return reinterpret_cast<Words>(__builtin_convertvector(bits, Bits) << 16);
  }
  template <bool>
  static Words along(const Value* values) {
    return across<false, true>(values, 0, 0);
  }
};

// What words of several values have in common.
template <class Isa_, class Value_, class Sum, int kValues>
struct Grouped {
  using Isa = Isa_;
  using Value = Value_;
  using Words = Vector<std::uint32_t, Isa::kBytes>;
  using Sums = Vector<Sum, Isa::kBytes>;
  static constexpr int kGroup = kValues;
  static constexpr bool kReadsB = false;

  static Words repeat(const std::byte* word) { return load<std::uint32_t>(word) - Words{}; }

  // The first row's values in the lowest bits.
  template <bool kAll>
  static Words across_bits(const Value* values, std::int64_t row, int lanes) {
    using Narrow = Vector<Value, Isa::kBytes* static_cast<int>(sizeof(Value)) / 4>;
    Words words = {};
#pragma GCC unroll 4
    for (int i = 0; i < kValues; ++i) {
      const auto bits = read<Isa, Narrow, kAll>(values + i * row, lanes);
      words |= __builtin_convertvector(bits, Words) << (i * 32 / kValues);
    }
    return words;
  }
};

template <class Isa>
struct Bf16Pairs : Grouped<Isa, std::uint16_t, float, 2> {
  using Base = Grouped<Isa, std::uint16_t, float, 2>;
  using typename Base::Sums, typename Base::Words, typename Base::Value;
  static constexpr bool kReadsA = true, kHasStart = false, kHasDots = true;

  static Sums multiply_add(Sums sum, Words a, Words b) { return Isa::add_bf16_pairs(sum, a, b); }
  template <bool, bool kAll>
  static Words across(const Value* values, std::int64_t row, int lanes) {
    return Base::template across_bits<kAll>(values, row, lanes);
  }
  template <bool>
  static Words along(const Value* values) {
    return load<Words>(values);
  }
};

// Where the instruction multiplies u8 by s8, A's values get 128 added, and sums start from -128 · (the column's sum of
// B).
template <class Isa>
struct S8Quads : Grouped<Isa, std::uint8_t, std::int32_t, 4> {
  using Base = Grouped<Isa, std::uint8_t, std::int32_t, 4>;
  using typename Base::Sums, typename Base::Words, typename Base::Value;
  static constexpr bool kReadsA = Isa::kSignedQuads, kHasStart = !Isa::kSignedQuads, kHasDots = Isa::kSignedQuads;
  static constexpr std::uint32_t kSigns = Isa::kSignedQuads ? 0 : 0x80808080;

  static Sums multiply_add(Sums sum, Words a, Words b) { return Isa::add_s8_quads(sum, a, b); }
  static Sums start(Sums sum, Words b) { return sum - multiply_add(Sums{}, kSigns - Words{}, b); }
  template <bool kOfA, bool kAll>
  static Words across(const Value* values, std::int64_t row, int lanes) {
    return Base::template across_bits<kAll>(values, row, lanes) ^ (kOfA ? kSigns : 0);
  }
  template <bool kOfA>
  static Words along(const Value* values) {
    return load<Words>(values) ^ (kOfA ? kSigns : 0);
  }
};

// s8 by instructions that multiply pairs of 16-bit integers: values are widened when they are packed.
template <class Isa_>
struct WidenedS8 : Grouped<Isa_, std::int8_t, std::int32_t, 2> {
  using Base = Grouped<Isa_, std::int8_t, std::int32_t, 2>;
  using typename Base::Sums, typename Base::Words, typename Base::Value;
  static constexpr bool kReadsA = false, kHasStart = false, kHasDots = false;

  static Sums multiply_add(Sums sum, Words a, Words b) { return Isa_::add_s16_pairs(sum, a, b); }
  template <bool, bool kAll>
  static Words across(const Value* values, std::int64_t row, int lanes) {
    using Narrow = Vector<Value, Isa_::kBytes / 4>;
    const auto first = __builtin_convertvector((read<Isa_, Narrow, kAll>(values, lanes)), Sums);
    const auto second = __builtin_convertvector((read<Isa_, Narrow, kAll>(values + row, lanes)), Sums);
    return reinterpret_cast<Words>((first & 0xffff) | (second << 16));
  }
  template <bool>
  static Words along(const Value* values) {
    using Pairs = Vector<std::int16_t, Isa_::kBytes>;
    return reinterpret_cast<Words>(__builtin_convertvector(load<Vector<Value, Isa_::kBytes / 2>>(values), Pairs));
  }
};

template <class Kind>
constexpr int kLanes = sizeof(typename Kind::Words) / sizeof(typename Kind::Words{}[0]);

constexpr int kFetchAhead = 2048, kPackAhead = 512;  // bytes

// What a tile fetches into the cache ahead of its use: a line a step from t.next, its own B further along the
// rows, or nothing.
enum class Fetch { next, along_rows, nothing };

// A burst of stores of 64 bytes holds up the next tile: of 24 sums, by 50 cycles on Zen 4. So the last steps of a large
// tile are multiplied some rows at a time, and each row is stored once it is complete.
template <class Kind, int kRows, int kVectors, Fetch kFetch>
constexpr int kLastSteps =
    sizeof(typename Kind::Words) == 64 && kRows* kVectors >= 16 && kVectors <= 2 && kFetch != Fetch::along_rows ? 4 : 0;

// kPartial: only the first t.last_lanes of the last vector are columns of C.
template <class Kind, int kRows, int kVectors, bool kPartial, Fetch kFetch = Fetch::next>
void multiply_tile(const Tile& t) {
  using Isa = typename Kind::Isa;
  using Words = typename Kind::Words;
  using Sums = typename Kind::Sums;
  constexpr int kBytes = sizeof(Words);
  // Stores could change what is read through t.
  std::byte* const c = t.c;
  const std::int64_t a_row = t.a_row, a_step = t.a_step, b_step = t.b_step, c_row = t.c_row;
  const int last_lanes = t.last_lanes;
  const bool accumulate = t.accumulate;
  const auto is_cut = [](int vector) { return kPartial && vector == kVectors - 1; };

  if (t.fetch_c) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; v += kLine / kBytes) __builtin_prefetch(c + r * c_row + v * kBytes, 1);
    }
  }

  Sums sums[kRows][kVectors];
  const std::byte* b = t.b;
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    Sums start = {};
    if constexpr (Kind::kHasStart) start = load<Sums>(b + v * kBytes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) sums[r][v] = start;
  }
  if constexpr (Kind::kHasStart) b += b_step;

  const auto read_step = [&](Words(&columns)[kVectors]) __attribute__((always_inline)) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const std::byte* from = b + v * kBytes;
      columns[v] = is_cut(v) ? load_first<Isa, Words>(from, last_lanes) : load<Words>(from);
    }
    b += b_step;
  };
  const auto multiply_row = [&](int r, const std::byte* word, const Words(&columns)[kVectors])
      __attribute__((always_inline)) {
    const Words value = Kind::repeat(word);
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sums[r][v] = Kind::multiply_add(sums[r][v], value, columns[v]);
  };

  constexpr int kLast = kLastSteps<Kind, kRows, kVectors, kFetch>;
  const bool by_rows = kLast > 0 && t.steps >= kLast;
  const std::byte* next = t.next;
  const std::byte* first = t.a;
  for (std::int64_t tap = 0; tap < t.taps; ++tap) {
    // Addresses of three rows take one register and the stride.
    constexpr int kBases = (kRows + 2) / 3;
    if (t.taps > 1) first = t.a + t.tap_offsets[tap];
    const std::byte* a[kBases];
#pragma GCC unroll 16
    for (int i = 0; i < kBases; ++i) a[i] = first + 3 * i * a_row;
    const std::int64_t steps = by_rows && tap == t.taps - 1 ? t.steps - kLast : t.steps;
    for (std::int64_t step = 0; step < steps; ++step) {
      if constexpr (kFetch == Fetch::next) {
        __builtin_prefetch(next, 0, 2);
        next += kLine;
      } else if constexpr (kFetch == Fetch::along_rows) {
#pragma GCC unroll 16
        for (int line = 0; line < kVectors * kBytes; line += kLine) __builtin_prefetch(b + line + kFetchAhead, 0, 3);
      }
      Words columns[kVectors];
      read_step(columns);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) multiply_row(r, a[r / 3] + r % 3 * a_row, columns);
#pragma GCC unroll 16
      for (int i = 0; i < kBases; ++i) a[i] += a_step;
    }
  }

  const auto store_row = [&](int r, std::byte* row) __attribute__((always_inline)) {
    if (accumulate) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        const std::byte* from = row + v * kBytes;
        sums[r][v] += is_cut(v) ? load_first<Isa, Sums>(from, last_lanes) : load<Sums>(from);
      }
    }
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      std::byte* to = row + v * kBytes;
      is_cut(v) ? store_first<Isa>(to, sums[r][v], last_lanes) : store(to, sums[r][v]);
    }
  };
  // Addresses are hidden from the compiler, which would keep one for each row from the beginning.
  std::byte* row = c;
  __asm__("" : "+r"(row));
  if (by_rows) {
    const std::byte* a = first + (t.steps - kLast) * a_step;
    Words columns[kLast + 1][kVectors];
#pragma GCC unroll 16
    for (int step = 0; step < kLast; ++step) read_step(columns[step]);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r += 2) {
      const int end = r + 2 < kRows ? r + 2 : kRows;
      if (kFetch == Fetch::next && r < 2 * kLast) __builtin_prefetch(next + r / 2 * kLine, 0, 2);
#pragma GCC unroll 16
      for (int step = 0; step < kLast; ++step) {
#pragma GCC unroll 16
        for (int i = r; i < end; ++i) multiply_row(i, a + step * a_step + (i - r) * a_row, columns[step]);
      }
#pragma GCC unroll 16
      for (int i = r; i < end; ++i, row += c_row) store_row(i, row);
      a += 2 * a_row;
      __asm__("" : "+r"(a));
    }
    return;
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r, row += c_row) store_row(r, row);
}

}  // namespace
}  // namespace whygpu::simd
