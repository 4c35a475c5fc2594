// Products in AMX's tile registers: 16 rows of 64 bytes, of which one instruction multiplies all of A's with all of
// B's. Included like micro_kernel.h. A tile of C is up to two by two registers; a step of them is 16 words of k.
#pragma once

#include "backends/simd/packing.h"

namespace whygpu::simd {
namespace {

constexpr int kTileRows = 16, kTileRegisters = 8;

// What ldtilecfg reads: the rows of each register, and the bytes that each row uses.
struct alignas(kLine) TileShapes {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Registers 0 to 3 hold sums, 4 and 5 A, 6 and 7 B.
template <int kRows>
constexpr TileShapes tile_shapes() {
  constexpr int kFirst = kRows < kTileRows ? kRows : kTileRows, kSecond = kRows > kTileRows ? kRows - kTileRows : 1;
  TileShapes shapes;
  for (auto& bytes : shapes.row_bytes) bytes = kLine;
  const int rows[kTileRegisters] = {kFirst, kFirst, kSecond, kSecond, kFirst, kSecond, kTileRows, kTileRows};
  for (int i = 0; i < 16; ++i) {
    shapes.rows[i] = static_cast<std::uint8_t>(i < kTileRegisters ? rows[i] : 0);
    if (i >= kTileRegisters) shapes.row_bytes[i] = 0;
  }
  return shapes;
}

// Kind::Tiles are the registers: configure, release and, with their numbers as template arguments, zero, load, store
// and multiply_add.
template <class Kind, int kRows, int kVectors, bool kPartial>
void multiply_in_tile_registers(const Tile& t) {
  using Isa = typename Kind::Isa;
  using Tiles = typename Kind::Tiles;
  using Sums = typename Kind::Sums;
  static constexpr TileShapes kShapes = tile_shapes<kRows>();
  constexpr int kRowTiles = kRows > kTileRows ? 2 : 1;
  constexpr auto kIsCut = [](int vector) { return kPartial && vector == kVectors - 1; };
  const auto for_sums = [](const auto& use) {
    use.template operator()<0, 0>();
    if constexpr (kVectors == 2) use.template operator()<0, 1>();
    if constexpr (kRowTiles == 2) use.template operator()<1, 0>();
    if constexpr (kRowTiles == 2 && kVectors == 2) use.template operator()<1, 1>();
  };
  const auto sums_at = [&t](int row_tile, int vector) { return t.c + row_tile * kTileRows * t.c_row + vector * kLine; };
  const auto multiply = [](const std::byte* a, std::int64_t a_row, const std::byte* b, std::int64_t b_step) {
    Tiles::template load<6>(b, b_step);
    if constexpr (kVectors == 2) Tiles::template load<7>(b + kLine, b_step);
    Tiles::template load<4>(a, a_row);
    Tiles::template multiply_add<0, 4, 6>();
    if constexpr (kVectors == 2) Tiles::template multiply_add<1, 4, 7>();
    if constexpr (kRowTiles == 1) return;
    Tiles::template load<5>(a + kTileRows * a_row, a_row);
    Tiles::template multiply_add<2, 5, 6>();
    if constexpr (kVectors == 2) Tiles::template multiply_add<3, 5, 7>();
  };

  Tiles::configure(kShapes);
  for_sums([&]<int kRowTile, int kVector>() {
    if (t.accumulate && !kIsCut(kVector)) {
      Tiles::template load<2 * kRowTile + kVector>(sums_at(kRowTile, kVector), t.c_row);
    } else {
      Tiles::template zero<2 * kRowTile + kVector>();
    }
  });
  const std::byte* b = t.b;
  const std::byte* next = t.next;
  for (std::int64_t tap = 0; tap < t.taps; ++tap) {
    const std::byte* a = t.taps == 1 ? t.a : t.a + t.tap_offsets[tap];
    std::int64_t step = 0;
    for (; step + kTileRows <= t.steps; step += kTileRows) {
      for (int i = 0; i < kTileRows; ++i) __builtin_prefetch(next + i * kLine, 0, 2);
      next += kTileRows * kLine;
      multiply(a, t.a_row, b, t.b_step);
      a += kLine;
      b += kTileRows * t.b_step;
    }
    if (step == t.steps) continue;
    // A register takes all of its bytes: what is left of k is filled up with zeros.
    const std::int64_t left = t.steps - step, bytes = left * (kLine / kTileRows);
    alignas(kLine) std::byte last_a[kRows][kLine] = {}, last_b[kTileRows][kVectors * kLine] = {};
    for (int r = 0; r < kRows; ++r) __builtin_memcpy(last_a[r], a + r * t.a_row, bytes);
    for (std::int64_t i = 0; i < left; ++i) __builtin_memcpy(last_b[i], b + i * t.b_step, sizeof last_b[i]);
    multiply(last_a[0], kLine, last_b[0], sizeof last_b[0]);
    b += left * t.b_step;
  }
  for_sums([&]<int kRowTile, int kVector>() {
    std::byte* to = sums_at(kRowTile, kVector);
    if constexpr (!kIsCut(kVector)) {
      Tiles::template store<2 * kRowTile + kVector>(to, t.c_row);
    } else {
      alignas(kLine) std::byte whole[kTileRows][kLine];
      Tiles::template store<2 * kRowTile + kVector>(whole[0], kLine);
      for (int r = 0; r < kRows - kRowTile * kTileRows && r < kTileRows; ++r, to += t.c_row) {
        Sums sums = load<Sums>(whole[r]);
        if (t.accumulate) sums += load_first<Isa, Sums>(to, t.last_lanes);
        store_first<Isa>(to, sums, t.last_lanes);
      }
    }
  });
  Tiles::release();
}

template <class Kind, int kRows = 1>
constexpr void add_tile_registers(Kernels& kernels) {
  auto& tile = kernels.tile[kRows - 1];
  tile[0][0] = multiply_in_tile_registers<Kind, kRows, 1, false>;
  tile[0][1] = multiply_in_tile_registers<Kind, kRows, 1, true>;
  tile[1][0] = multiply_in_tile_registers<Kind, kRows, 2, false>;
  tile[1][1] = multiply_in_tile_registers<Kind, kRows, 2, true>;
  if constexpr (kRows < 2 * kTileRows) add_tile_registers<Kind, kRows + 1>(kernels);
}

template <class Kind>
constexpr Kernels make_amx_kernels(DType dtype, std::string_view isa, std::string_view instruction,
                                   bool (*available)(const Isa&)) {
  Kernels kernels = describe_kernels<Kind>(dtype, isa, instruction, available);
  kernels.step_words = kTileRows;
  kernels.copy_transposed_a = copy_transposed_rows<Kind>;
  add_tile_registers<Kind>(kernels);
  return kernels;
}

// Vectors for packing, and the shape of a tile of C.
template <class Vectors>
struct AmxShape : Vectors {
  static constexpr int kRows = 2 * kTileRows, kVectors = 2;
  static constexpr bool kSignedQuads = true;
};

template <class Vectors, class Tiles_>
struct AmxBf16 : Bf16Pairs<AmxShape<Vectors>> {
  using Tiles = Tiles_;
};

template <class Vectors, class Tiles_>
struct AmxS8 : S8Quads<AmxShape<Vectors>> {
  using Tiles = Tiles_;
};

}  // namespace
}  // namespace whygpu::simd
