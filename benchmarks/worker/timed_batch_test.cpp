#include "benchmarks/worker/timed_batch.h"

#include <gmock/gmock.h>

namespace whygpu {
namespace {

using ::testing::HasSubstr;

// Records the calls to a device, one letter each.
using Log = std::string;

class FakeTensor final : public Tensor {
 public:
  FakeTensor(Log& log, bool on_host) : log_(log), on_host_(on_host) {}
  std::size_t bytes() const override { return sizeof value_; }
  void upload(const void* row_major) override {
    value_ = *static_cast<const int*>(row_major);
    log_ += 'u';
  }
  void download(void*) const override { log_ += 'd'; }
  void* address() const override { return on_host_ ? const_cast<int*>(&value_) : nullptr; }
  int value() const { return value_; }

 private:
  Log& log_;
  bool on_host_;
  int value_ = 0;
};

struct FakeGraph final : Graph {
  explicit FakeGraph(Log& log) : log(log) {}
  void enqueue() override { log += 'g'; }
  Log& log;
};

class FakeDevice final : public Device {
 public:
  explicit FakeDevice(Log& log) : log_(log) {}
  DeviceKind kind_of_memory = DeviceKind::cuda;
  bool has_graphs = false, capture_fails = false;

  DeviceKind kind() const override { return kind_of_memory; }
  std::string name() const override { return "fake"; }
  Facts facts() const override { return {}; }
  std::size_t memory_bytes() const override { return 1 << 20; }
  std::size_t free_memory_bytes() const override { return 1 << 20; }
  std::size_t cache_bytes() const override { return 100; }
  void synchronize() override {}
  std::unique_ptr<Tensor> allocate(std::size_t) override { return nullptr; }
  std::unique_ptr<Tensor> view(Tensor&, std::size_t, std::size_t) override { return nullptr; }
  void flush_cache() override { log_ += 'f'; }
  void hold() override { log_ += '['; }
  void release() override { log_ += ']'; }
  std::unique_ptr<Graph> capture(const std::function<void()>& enqueue_all) override {
    if (capture_fails) throw std::runtime_error("cannot be recorded");
    if (!has_graphs) return nullptr;
    enqueue_all();
    return std::make_unique<FakeGraph>(log_);
  }
  std::unique_ptr<Stopwatch> make_stopwatch() override {
    struct Watch final : Stopwatch {
      void start() override {}
      void stop() override {}
      double seconds() override { return 1; }
    };
    return std::make_unique<Watch>();
  }

 private:
  Log& log_;
};

class FakeTrial final : public Trial {
 public:
  FakeTrial(Log& log, bool on_host) : log_(log), input_(log, on_host), result_(log, on_host) {}
  Verdict verify() override { return {}; }
  void enqueue(std::size_t set) override { log_ += static_cast<char>('0' + set); }
  void allocate_sets(std::size_t count) override { sets = count; }
  std::size_t set_bytes() const override { return 100; }
  std::string implementation() const override { return "fake"; }
  std::vector<HostArgument> host_arguments() override {
    return {{&input_, sizeof values_, &values_}, {&result_, sizeof values_, nullptr}};
  }
  std::size_t sets = 1;
  const FakeTensor& input() const { return input_; }

 private:
  Log& log_;
  int values_ = 42;
  FakeTensor input_, result_;
};

struct TimedBatchTest : ::testing::Test {
  Log log;
  FakeDevice device{log};
  FakeTrial trial{log, false};

  Log logged(TimedBatch& batch, std::int64_t operations) {
    log.clear();
    batch.time(operations);
    return log;
  }
};

TEST_F(TimedBatchTest, KernelTimeCopiesNothing) {
  TimedBatch batch(trial, device, {});
  EXPECT_EQ(logged(batch, 3), "[000]");
  EXPECT_EQ(batch.describe(), "kernel time");
}

TEST_F(TimedBatchTest, LongQueueReleasedEarly) {
  TimedBatch batch(trial, device, {});
  EXPECT_EQ(logged(batch, 20), "[" + std::string(16, '0') + "]" + std::string(4, '0') + "]");
}

TEST_F(TimedBatchTest, ColdFlushesAndRotates) {
  TimedBatch batch(trial, device, {.cold = true});
  EXPECT_EQ(trial.sets, 3U);
  EXPECT_EQ(batch.most(), 3);
  EXPECT_EQ(logged(batch, 3), "f[012]");
}

TEST_F(TimedBatchTest, OnceCopiesPerReuse) {
  TimedBatch batch(trial, device, {.offload = Offload::once, .reuse = 2});
  EXPECT_EQ(batch.unit(), 2);
  EXPECT_EQ(logged(batch, 4), "u00du00d");
  EXPECT_EQ(trial.input().value(), 42);
  EXPECT_EQ(
      batch.describe(),
      "operands uploaded and result fetched around 2 operations, 1 operand(s) from and 1 result(s) to page-locked "
      "host memory");
}

TEST_F(TimedBatchTest, AlwaysCopiesPerOperation) {
  TimedBatch batch(trial, device, {.offload = Offload::always});
  EXPECT_EQ(logged(batch, 2), "u0du0d");
  EXPECT_THAT(batch.describe(), HasSubstr("each time"));
}

TEST_F(TimedBatchTest, HostOperandsNotCopied) {
  FakeTrial host(log, true);
  device.kind_of_memory = DeviceKind::cpu;
  TimedBatch batch(host, device, {.offload = Offload::always});
  EXPECT_EQ(logged(batch, 2), "00");
  EXPECT_THAT(batch.describe(), HasSubstr("nothing is copied"));
}

TEST_F(TimedBatchTest, ReplaysWholeUnits) {
  device.has_graphs = true;
  TimedBatch batch(trial, device, {});
  batch.record(1000);
  EXPECT_EQ(batch.unit(), 64);
  EXPECT_EQ(logged(batch, 128), "[gg]");
  EXPECT_EQ(batch.describe(), "kernel time, 64 operations a graph");
}

TEST_F(TimedBatchTest, LaunchesWithoutCapture) {
  device.capture_fails = true;
  TimedBatch batch(trial, device, {});
  batch.record(1000);
  EXPECT_EQ(batch.unit(), 1);
  EXPECT_EQ(logged(batch, 2), "[00]");
}

TEST_F(TimedBatchTest, CopiesNotCaptured) {
  device.has_graphs = true;
  TimedBatch batch(trial, device, {.offload = Offload::once, .reuse = 3});
  batch.record(1000);
  EXPECT_EQ(logged(batch, 3), "u000d");
}

}  // namespace
}  // namespace whygpu
