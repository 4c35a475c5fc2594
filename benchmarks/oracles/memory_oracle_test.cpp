#include "benchmarks/oracles/memory_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace whygpu {
namespace {

template <class T>
std::vector<std::byte> bytes(const std::vector<T>& values) {
  std::vector<std::byte> storage(values.size() * sizeof(T));
  std::memcpy(storage.data(), values.data(), storage.size());
  return storage;
}

const std::vector<double> kX = {1, -2, 0.5}, kY = {4, 0.25, -1};

Verdict check(StreamKernel kernel, const std::vector<double>& result) {
  const Stream stream{kernel, 3, 1, DType::f64};
  MemoryInputs inputs = {{0, bytes(kX)}};
  if (stream.inputs() == 2) inputs.emplace_back(1, bytes(kY));
  return check_memory(stream, 0, inputs, bytes(result));
}

TEST(MemoryOracle, AcceptsDefinition) {
  EXPECT_EQ(check(StreamKernel::copy, {1, -2, 0.5}).status, Status::ok);
  EXPECT_EQ(check(StreamKernel::scale, {3, -6, 1.5}).status, Status::ok);
  EXPECT_EQ(check(StreamKernel::add, {5, -1.75, -0.5}).status, Status::ok);
  EXPECT_EQ(check(StreamKernel::triad, {13, -1.25, -2.5}).status, Status::ok);
  EXPECT_EQ(check(StreamKernel::sum, {-0.5}).status, Status::ok);
}

TEST(MemoryOracle, WrongElement) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(check(StreamKernel::copy, {1, -2, std::nextafter(0.5, 1)}).reason, testing::HasSubstr("element 2"));
  EXPECT_EQ(check(StreamKernel::scale, {3, -6, 1.5000001}).status, Status::incorrect);
  EXPECT_EQ(check(StreamKernel::add, {13, -1.25, -2.5}).status, Status::incorrect);
  EXPECT_EQ(check(StreamKernel::triad, {13, nan, -2.5}).status, Status::incorrect);
  EXPECT_EQ(check(StreamKernel::sum, {-0.51}).status, Status::incorrect);
  EXPECT_EQ(check(StreamKernel::sum, {nan}).status, Status::incorrect);
}

TEST(MemoryOracle, LostByte) {
  const Transfer both{Direction::both_ways, true, 4};
  const std::vector<char> up = {1, 2, 3, 4}, down = {5, 6, 7, 8};
  const MemoryInputs inputs = {{0, bytes(up)}, {2, bytes(down)}};
  EXPECT_EQ(memory_inputs(both), (std::vector{0, 2}));
  EXPECT_EQ(memory_results(both), (std::vector{1, 3}));
  EXPECT_EQ(check_memory(both, 0, inputs, bytes(up)).status, Status::ok);
  EXPECT_EQ(check_memory(both, 1, inputs, bytes(down)).status, Status::ok);
  EXPECT_EQ(check_memory(both, 1, inputs, bytes(up)).status, Status::incorrect);
}

TEST(MemoryOracle, StreamByteCounts) {
  EXPECT_EQ(memory_work(Stream{StreamKernel::copy, 100, 1, DType::f64}).bytes, 1600);
  EXPECT_EQ(memory_work(Stream{StreamKernel::triad, 100, 1, DType::f64}).bytes, 2400);
  EXPECT_EQ(memory_work(Stream{StreamKernel::triad, 100, 3, DType::f32}).flops, 600);
  EXPECT_EQ(memory_work(Stream{StreamKernel::sum, 100, 1, DType::f32}).bytes, 400);
  EXPECT_EQ(memory_work(Transfer{Direction::both_ways, true, 1000}).bytes, 2000);
  EXPECT_EQ(memory_work(Transfer{Direction::to_host, true, 1000}).bytes, 1000);
  EXPECT_EQ(memory_work(Launch{10}).bytes, 0);
}

}  // namespace
}  // namespace whygpu
