// The counts on which every rate rests, written out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

Work work_of(const std::string& line) {
  const Case c = parse_case(line);
  return find_workload(c.workload).work(c);
}

TEST(Work, Gemm) {
  const Work work = work_of("gemm m=2 n=3 k=5 batch=7 dtype=bf16");
  EXPECT_EQ(work.flops, 2 * 2 * 3 * 5 * 7);
  EXPECT_EQ(work.bytes, 7 * ((2 * 5 + 5 * 3) * 2 + 2 * 3 * 4));  // bf16 operands, f32 result
  EXPECT_EQ(work.memory_bytes, work.bytes);
  EXPECT_EQ(work_of("gemm m=2 n=3 k=5 dtype=f64").bytes, (2 * 5 + 5 * 3 + 2 * 3) * 8);
  EXPECT_EQ(work_of("gemm m=2 n=3 k=5 dtype=s8").bytes, (2 * 5 + 5 * 3) * 1 + 2 * 3 * 4);
}

TEST(Work, Convolution) {
  const Work work = work_of("convolution n=2 c=4 h=5 w=6 k=8 r=3 s=3 pad=1 groups=2");
  EXPECT_EQ(work.flops, 2 * (2 * 8 * 5 * 6) * (4 / 2 * 3 * 3));
  EXPECT_EQ(work.bytes, 4 * (2 * 4 * 5 * 6 + 8 * 2 * 3 * 3 + 2 * 8 * 5 * 6));
  for (const char* pass : {"backward_data", "backward_weights"}) {
    const auto line = std::string("convolution n=2 c=4 h=5 w=6 k=8 r=3 s=3 pad=1 groups=2 pass=") + pass;
    EXPECT_EQ(work_of(line).flops, work.flops) << pass;
  }
  EXPECT_EQ(work_of("convolution n=1 c=1 h=9 w=9 k=1 r=3 s=3 stride=2").flops, 2 * 4 * 4 * 9);
}

TEST(Work, Memory) {
  EXPECT_EQ(work_of("memory kernel=triad bytes=24000 passes=2").flops, 2 * 1000 * 2);
  EXPECT_EQ(work_of("memory kernel=triad bytes=24000 passes=2").bytes, 3 * 1000 * 8 * 2);
  EXPECT_EQ(work_of("memory kernel=copy bytes=16000").flops, 0);
  EXPECT_EQ(work_of("memory kernel=copy bytes=16000 dtype=f32").bytes, 16000);
  EXPECT_EQ(work_of("memory kernel=sum bytes=16000").flops, 2000);
  EXPECT_EQ(work_of("memory kernel=both_ways bytes=1000").bytes, 2000);
  EXPECT_EQ(work_of("memory kernel=launch").bytes, 0);
}

TEST(Work, Peak) { EXPECT_EQ(work_of("peak millions=3").flops, 3e6); }

// 784-48-48-10: two products a weight and pass; no gradient of the input.
TEST(Work, Networks) {
  constexpr double kFirst = 784 * 48, kRest = 48 * 48 + 48 * 10;
  EXPECT_EQ(work_of("inference model=mlp batch=16 width=48").flops, 2 * 16 * (kFirst + kRest));
  EXPECT_EQ(work_of("training_step model=mlp batch=16 width=48").flops, 2 * 16 * (2 * kFirst + 3 * kRest));
}

}  // namespace
}  // namespace whygpu
