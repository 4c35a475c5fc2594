// Where the tensor cores and TMA expect what, as constants from the PTX manual, which CUTLASS's layouts agree with. The
// kernels and the model of the instructions share the code that is tested here, so that an error in it would cancel out
// in all other tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "backends/cuda/kernels/hopper_store.h"
#include "backends/cuda/kernels/tensor_map.h"
#include "backends/cuda/simt/simt.h"

namespace whygpu::cuda {
namespace {

// ---- Descriptors: start, leading and stride distance in 16 bytes at bits 0, 16 and 32; 128-byte swizzle at 62 ----

TEST(TensorCoreLayout, Descriptors) {
  EXPECT_EQ(make_descriptor(0, 8192, 1024), 0x4000004002000000U);
  EXPECT_EQ(make_descriptor(0x8400, 8192, 1024), 0x4000004002000840U);
  EXPECT_EQ(make_descriptor(0x8420, 8192, 1024), 0x4000004002000842U);   // the next 32 bytes of k
  EXPECT_EQ(make_descriptor(0x38ff0, 16, 1024), 0x40000040000138ffU);    // the last 16 bytes of shared memory
  EXPECT_EQ(make_descriptor(0x1038ff0, 16, 1024), 0x40000040000138ffU);  // its window's address does not matter
}

// ---- The 128-byte swizzle: which 16-byte chunk of a line is at each place ----

constexpr int kSwizzle[8][8] = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6}, {2, 3, 0, 1, 6, 7, 4, 5},
                                {3, 2, 1, 0, 7, 6, 5, 4}, {4, 5, 6, 7, 0, 1, 2, 3}, {5, 4, 7, 6, 1, 0, 3, 2},
                                {6, 7, 4, 5, 2, 3, 0, 1}, {7, 6, 5, 4, 3, 2, 1, 0}};

TEST(TensorCoreLayout, LoadedBoxes) {
  std::vector<float> lines(16 * 32);
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = static_cast<float>(i);
  const TensorMap map = make_tensor_map<float>(lines.data(), {32, 16, 1, 32, 16 * 32, 16});
  simt::run_grid({1, 32, 4096}, [&] {
    if (threadIdx.x != 0) return;
    std::byte* const shared = simt::dynamic_shared();
    auto* const barrier = reinterpret_cast<Barrier*>(shared + 2048);
    barrier_init(barrier, 1);
    barrier_arrive_expecting(barrier, 2048);
    tma_load(shared, map, 0, 0, 0, barrier);
    barrier_wait(barrier, 0);
    for (int line = 0; line < 16; ++line) {
      for (int place = 0; place < 8; ++place) {
        EXPECT_EQ(reinterpret_cast<const float*>(shared + line * 128 + place * 16)[0],
                  static_cast<float>(line * 32 + kSwizzle[line % 8][place] * 4));
      }
    }
  });
}

// What a warp stages of its 16 rows; every sum is its column.
template <class Out, class T>
void expect_staged() {
  constexpr int kPerChunk = 16 / static_cast<int>(sizeof(Out)), kPieces = 64 * static_cast<int>(sizeof(Out)) / 128;
  simt::run_grid({1, 32, 16 * 128}, [] {
    T sums[32];
    for (int i = 0; i < 32; ++i) sums[i] = static_cast<T>(i / 4 * 8 + static_cast<int>(threadIdx.x) % 4 * 2 + i % 2);
    auto* const shared = reinterpret_cast<unsigned char*>(simt::dynamic_shared());
    for (int piece = 0; piece < kPieces; ++piece) {
      for (int half = 0; half < 2; ++half) {
        unsigned char* const line = shared + (half * 8 + threadIdx.x / 4) * 128;
        if constexpr (sizeof(Out) == 2) {
          hopper::stage_halves<64, Out>(sums, line, piece, half);
        } else {
          hopper::stage_words<64>(sums, line, piece, half);
        }
      }
      __syncthreads();
      for (int at = 0; threadIdx.x == 0 && at < 16 * 8 * kPerChunk; ++at) {
        const int line = at / (8 * kPerChunk), place = at / kPerChunk % 8;
        const int column = (piece * 8 + kSwizzle[line % 8][place]) * kPerChunk + at % kPerChunk;
        EXPECT_EQ(static_cast<float>(reinterpret_cast<const Out*>(shared)[at]), static_cast<float>(column)) << at;
      }
      __syncthreads();
    }
  });
}

TEST(TensorCoreLayout, StagedResults) {
  expect_staged<float, float>();
  expect_staged<std::int32_t, std::int32_t>();
  expect_staged<BFloat16, float>();
}

// ---- Fragments ----

// A value of a thread's fragment: which register, which part of it, and its place in the matrix.
struct Place {
  int thread, index, row, column;
};

// wgmma: sums of a warpgroup.
constexpr Place kWarpgroupSums[] = {{0, 0, 0, 0},       {0, 1, 0, 1},   {0, 2, 8, 0},        {0, 3, 8, 1},
                                    {0, 4, 0, 8},       {1, 0, 0, 2},   {3, 1, 0, 7},        {4, 0, 1, 0},
                                    {28, 2, 15, 0},     {31, 3, 15, 7}, {32, 0, 16, 0},      {37, 5, 17, 11},
                                    {64, 126, 40, 248}, {96, 0, 48, 0}, {127, 127, 63, 255}, {127, 0, 55, 6}};

TEST(TensorCoreLayout, WarpgroupSums) {
  // A's row i is (i, 1, 0, …), B's column j (256, j, 0, …): the product is 256 · i + j.
  simt::run_grid({1, 128, 64 * 128 + 256 * 128}, [] {
    auto* const a = reinterpret_cast<BFloat16*>(simt::dynamic_shared());
    BFloat16* const b = a + 64 * 64;
    for (int i = static_cast<int>(threadIdx.x); i < 320 * 64; i += 128) a[i] = BFloat16(0.0F);
    __syncthreads();
    const auto element = [](int line, int k) { return line * 64 + (k / 8 ^ line % 8) * 8 + k % 8; };
    for (int i = static_cast<int>(threadIdx.x); i < 64; i += 128) {
      a[element(i, 0)] = BFloat16(static_cast<float>(i));
      a[element(i, 1)] = BFloat16(1.0F);
    }
    for (int j = static_cast<int>(threadIdx.x); j < 256; j += 128) {
      b[element(j, 0)] = BFloat16(256.0F);
      b[element(j, 1)] = BFloat16(static_cast<float>(j));
    }
    __syncthreads();
    float sums[128];
    warpgroup_fence();
    warpgroup_multiply_add<false, false>(BFloat16{}, sums, make_descriptor(shared_address(a), 8192, 1024),
                                         make_descriptor(shared_address(b), 8192, 1024), false);
    warpgroup_commit();
    warpgroup_wait<0>();
    for (const Place& place : kWarpgroupSums) {
      if (place.thread != static_cast<int>(threadIdx.x)) continue;
      EXPECT_EQ(sums[place.index], static_cast<float>(256 * place.row + place.column)) << place.thread;
    }
  });
}

// mma: a register of A or B holds several values; `index` counts these. `row` and `column` are (row, k) of A, (k,
// column) of B, (row, column) of the sums.
template <class In>
struct Fragments {
  std::vector<Place> a, b;
};
const Fragments<Float16> kHalf{
    {{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 2, 8, 0}, {0, 4, 0, 8}, {0, 7, 8, 9}, {5, 0, 1, 2}, {31, 7, 15, 15}},
    {{0, 0, 0, 0}, {0, 1, 1, 0}, {0, 2, 8, 0}, {0, 3, 9, 0}, {5, 0, 2, 1}, {31, 3, 15, 7}}};
const Fragments<std::int8_t> kByte{
    {{0, 0, 0, 0}, {0, 3, 0, 3}, {0, 4, 8, 0}, {0, 8, 0, 16}, {0, 15, 8, 19}, {5, 0, 1, 4}, {31, 15, 15, 31}},
    {{0, 0, 0, 0}, {0, 3, 3, 0}, {0, 4, 16, 0}, {5, 0, 4, 1}, {31, 7, 31, 7}}};
const Fragments<Tf32> kWord{{{0, 0, 0, 0}, {0, 1, 8, 0}, {0, 2, 0, 4}, {0, 3, 8, 4}, {5, 0, 1, 1}, {31, 3, 15, 7}},
                            {{0, 0, 0, 0}, {0, 1, 4, 0}, {5, 0, 1, 1}, {31, 1, 7, 7}}};
constexpr Place kWarpSums[] = {{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 2, 8, 0},   {0, 3, 8, 1},
                               {1, 0, 0, 2}, {4, 0, 1, 0}, {31, 3, 15, 7}, {17, 2, 12, 2}};

template <class In>
In one() {
  if constexpr (std::is_same_v<In, Tf32>) {
    return {1.0F};
  } else {
    return In(1.0F);
  }
}

// A single one in A and a single one in B: the product has a one if and only if they share k.
template <class In, class Sum>
void expect_fragments(const Fragments<In>& fragments) {
  for (const Place& left : fragments.a) {
    for (const Place& right : fragments.b) {
      for (const Place& sum : kWarpSums) {
        const bool meet = left.column == right.row && sum.row == left.row && sum.column == right.column;
        simt::run_grid({1, 32}, [&] {
          const auto thread = static_cast<int>(threadIdx.x);
          unsigned a[4] = {}, b[2] = {};
          const In unit = one<In>();
          const auto set = [&](unsigned* registers, const Place& place) {
            if (place.thread != thread) return;
            std::memcpy(reinterpret_cast<char*>(registers) + place.index * static_cast<int>(sizeof(In)), &unit,
                        sizeof(In));
          };
          set(a, left);
          set(b, right);
          Sum d[4] = {};
          multiply_add(In{}, d, a, b);
          if (thread == sum.thread) {
            EXPECT_EQ(d[sum.index], meet ? Sum{1} : Sum{0});
          }
        });
      }
    }
  }
}

TEST(TensorCoreLayout, WarpFragments) {
  expect_fragments<Float16, float>(kHalf);
  expect_fragments<std::int8_t, std::int32_t>(kByte);
  expect_fragments<Tf32, float>(kWord);
}

// ---- Geometry ----

TEST(TensorCoreLayout, SharedMemory) {
  using hopper::Layout;
  EXPECT_EQ(Layout<256>::shared_bytes, 229440U);
  EXPECT_EQ(Layout<128>::shared_bytes, 229472U);
  EXPECT_EQ(Layout<64>::shared_bytes, 229504U);
  EXPECT_THAT((std::array{Layout<256>::stage_bytes % 1024, Layout<128>::stage_bytes % 1024,
                          Layout<64>::stage_bytes % 1024, Layout<256>::staging % 1024}),
              testing::Each(0));
}

}  // namespace
}  // namespace whygpu::cuda
