// The emulator itself: it must run correct code and detect incorrect code.
#include "backends/cuda/simt/simt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "backends/cuda/kernels/instructions.h"

namespace whygpu::simt {
namespace {

using testing::HasSubstr;

std::string failure_of(const Launch& launch, const std::function<void()>& kernel) {
  try {
    run_grid(launch, kernel);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "none";
}

TEST(Simt, RunsEachThreadOnce) {
  std::vector<int> seen(3 * 96, 0);
  run_grid({3, 96}, [&] { ++seen[blockIdx.x * blockDim.x + threadIdx.x]; });
  EXPECT_THAT(seen, testing::Each(1));
}

TEST(Simt, Barrier) {
  for (const auto schedule : {Schedule::forward_eager, Schedule::reverse_late}) {
    set_schedule(schedule);
    std::vector<int> values(64, 0), sums(64, 0);
    run_grid({1, 64}, [&] {
      values[threadIdx.x] = 1;
      __syncthreads();
      for (int value : values) sums[threadIdx.x] += value;
    });
    EXPECT_THAT(sums, testing::Each(64));
  }
}

TEST(Simt, MissingBarrier) {
  set_schedule(Schedule::forward_eager);
  std::vector<int> values(64, 0), sums(64, 0);
  run_grid({1, 64}, [&] {
    values[threadIdx.x] = 1;
    for (int value : values) sums[threadIdx.x] += value;
  });
  EXPECT_THAT(sums, testing::Not(testing::Each(64)));
}

TEST(Simt, Deadlock) {
  EXPECT_THAT(failure_of({1, 64},
                         [] {
                           if (threadIdx.x != 5) __syncthreads();
                         }),
              HasSubstr("63 threads wait"));
  EXPECT_EQ(failure_of({1, 64}, [] { __syncthreads(); }), "none");
}

TEST(Simt, ThreadException) {
  EXPECT_EQ(failure_of({2, 32},
                       [] {
                         if (threadIdx.x == 3) throw std::runtime_error("thread 3");
                       }),
            "thread 3");
}

TEST(Simt, WarpShuffle) {
  std::vector<int> sums(64, 0);
  run_grid({1, 64}, [&] {
    int value = static_cast<int>(threadIdx.x);
    for (int lanes = 16; lanes > 0; lanes /= 2) value += __shfl_xor_sync(0xffffffffU, value, lanes);
    sums[threadIdx.x] = value;
  });
  EXPECT_EQ(sums[7], 31 * 32 / 2);
  EXPECT_EQ(sums[40], 31 * 32 / 2 + 32 * 32);
}

// One thread copies and reads at once: correct if copies happen to be fast, wrong on a GPU.
float read_without_waiting(Schedule schedule) {
  set_schedule(schedule);
  alignas(16) const float source[4] = {1, 2, 3, 4};
  float seen = 0;
  run_grid({1, 32, 16}, [&] {
    if (threadIdx.x != 0) return;
    cuda::copy_async<16>(dynamic_shared(), source, true);
    cuda::copy_async_commit();
    seen = reinterpret_cast<const float*>(dynamic_shared())[2];
    cuda::copy_async_wait<0>();
    EXPECT_EQ(reinterpret_cast<const float*>(dynamic_shared())[2], 3.0F);
  });
  return seen;
}

TEST(Simt, MissingWait) {
  EXPECT_EQ(read_without_waiting(Schedule::forward_eager), 3.0F);
  EXPECT_NE(read_without_waiting(Schedule::reverse_late), 3.0F);
}

TEST(Simt, MisalignedCopy) {
  alignas(16) const float source[8] = {};
  EXPECT_THAT(failure_of({1, 32, 16}, [&] { cuda::copy_async<16>(dynamic_shared(), source + 1, true); }),
              HasSubstr("not a multiple of 16"));
}

TEST(Simt, BankConflicts) {
  const auto conflicts_at_pitch = [](int pitch) {
    const long before = bank_conflicts();
    run_grid({1, 32, 32 * 144}, [&] {
      unsigned fragments[4];
      cuda::load_matrix_x4(fragments, dynamic_shared() + lane() * pitch);
    });
    return bank_conflicts() - before;
  };
  EXPECT_EQ(conflicts_at_pitch(144), 0);
  EXPECT_EQ(conflicts_at_pitch(128), 4 * 7);
}

TEST(SimtDeathTest, SharedMemoryOverflow) {
  EXPECT_DEATH(run_grid({1, 32, 64}, [] { dynamic_shared()[threadIdx.x == 9 ? 64 : 0] = std::byte{1}; }),
               "heap-buffer-overflow");
}

}  // namespace
}  // namespace whygpu::simt
