#include "benchmarks/worker/timed_batch.h"

#include <gmock/gmock.h>

#include "backends/devices/held_queue_fake.h"

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

// Logs its calls, and fails where a GPU would block the host.
class FakeDevice final : public Device {
 public:
  explicit FakeDevice(Log& log) : log_(log) {}
  void launch(const std::string& code, std::size_t launches) {
    if (capturing_) {
      captured_ += launches;
    } else {
      queue_.launch(code, launches);
    }
  }
  DeviceKind kind_of_memory = DeviceKind::cuda;
  bool has_graphs = false, capture_fails = false;

  DeviceKind kind() const override { return kind_of_memory; }
  std::string name() const override { return "fake"; }
  Facts facts() const override { return {}; }
  std::size_t memory_bytes() const override { return 1 << 20; }
  std::size_t free_memory_bytes() const override { return 1 << 20; }
  std::size_t cache_bytes() const override { return 100; }
  void synchronize() override { queue_.release(); }
  std::unique_ptr<Tensor> allocate(std::size_t) override { return nullptr; }
  std::unique_ptr<Tensor> view(Tensor&, std::size_t, std::size_t) override { return nullptr; }
  void flush_cache() override {
    log_ += 'f';
    launch("flush", 1);
  }
  void hold() override {
    log_ += '[';
    queue_.hold();
  }
  void release() override {
    log_ += ']';
    queue_.release();
  }
  std::unique_ptr<Graph> capture(const std::function<void()>& enqueue_all) override {
    if (capture_fails) throw std::runtime_error("cannot be recorded");
    if (!has_graphs) return nullptr;
    struct FakeGraph final : Graph {
      FakeGraph(FakeDevice& device, std::string name, std::size_t launches)
          : device(device), name(std::move(name)), launches(launches) {}
      void enqueue() override {
        device.log_ += 'g';
        device.launch(name, launches);
      }
      std::size_t nodes() const override { return launches; }
      FakeDevice& device;
      std::string name;
      std::size_t launches;
    };
    capturing_ = true;
    captured_ = 0;
    enqueue_all();
    capturing_ = false;
    return std::make_unique<FakeGraph>(*this, "graph " + std::to_string(++graphs_), captured_);
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
  HeldQueueFake queue_;
  bool capturing_ = false;
  std::size_t captured_ = 0;
  int graphs_ = 0;
};

class FakeTrial final : public Trial {
 public:
  FakeTrial(Log& log, FakeDevice& device, bool on_host)
      : log_(log), device_(device), input_(log, on_host), result_(log, on_host) {}
  Verdict verify() override { return {}; }
  void enqueue(std::size_t set) override {
    log_ += static_cast<char>('0' + set);
    device_.launch("set " + std::to_string(set), launches);
  }
  void allocate_sets(std::size_t count) override { sets = count; }
  std::size_t set_bytes() const override { return 100; }
  std::string implementation() const override { return "fake"; }
  std::vector<HostArgument> host_arguments() override {
    return {{&input_, sizeof values_, &values_}, {&result_, sizeof values_, nullptr}};
  }
  std::size_t sets = 1, launches = 1;
  const FakeTensor& input() const { return input_; }

 private:
  Log& log_;
  FakeDevice& device_;
  int values_ = 42;
  FakeTensor input_, result_;
};

struct TimedBatchTest : ::testing::Test {
  Log log;
  FakeDevice device{log};
  FakeTrial trial{log, device, false};

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
  FakeTrial host(log, device, true);
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

// The fake device fails when anything is launched first under a hold.
TEST_F(TimedBatchTest, FirstLaunchesNotHeld) {
  for (const bool cold : {false, true}) {
    device.has_graphs = true;
    TimedBatch batch(trial, device, {.cold = cold});
    batch.time(3);
    batch.record(3);
    batch.time(3);
  }
}

// The fake device fails when its queue is full under a hold.
TEST_F(TimedBatchTest, QueueNotFilled) {
  device.has_graphs = true;
  trial.launches = 50;
  TimedBatch batch(trial, device, {});
  EXPECT_EQ(logged(batch, 100), "[" + std::string(10, '0') + "]" + std::string(90, '0') + "]");
  batch.record(1000);
  EXPECT_EQ(batch.unit(), 10);
  EXPECT_EQ(logged(batch, 50), "[g]gggg]");
}

TEST_F(TimedBatchTest, ReplayLargerThanQueueNotHeld) {
  device.has_graphs = true;
  trial.launches = 2000;
  TimedBatch batch(trial, device, {});
  EXPECT_EQ(logged(batch, 2), "[]00]");
  batch.record(1000);
  EXPECT_EQ(batch.unit(), 1);
  EXPECT_EQ(logged(batch, 2), "[]gg]");
}

// A second replay would use the same sets, which the first has left in the cache.
TEST_F(TimedBatchTest, OneColdReplayPerFlush) {
  device.has_graphs = true;
  trial.launches = 200;
  TimedBatch batch(trial, device, {.cold = true});
  EXPECT_EQ(batch.most(), 3);
  batch.record(1000);
  EXPECT_EQ(batch.unit(), 2);
  EXPECT_EQ(batch.most(), 2);
  EXPECT_EQ(logged(batch, 2), "f[g]");
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
