// Where operations run: memory, a queue of work, a stopwatch.
//
// Failures are exceptions derived from std::exception whose what() is one line. No object here is thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "whygpu/tensor.h"

namespace whygpu {

// cpu_opencl: an OpenCL device that is a CPU, such as PoCL's. It checks OpenCL code, and is never taken for a GPU.
enum class DeviceKind : std::uint8_t { cpu, cuda, opencl, cpu_opencl };

inline constexpr std::string_view device_kind_name(DeviceKind kind) {
  constexpr std::string_view names[] = {"cpu", "cuda", "opencl", "cpu-opencl"};
  return names[static_cast<std::size_t>(kind)];
}

// Whether the device's memory is the host's.
inline constexpr bool is_host_memory(DeviceKind kind) {
  return kind == DeviceKind::cpu || kind == DeviceKind::cpu_opencl;
}

// Named facts for the result file, such as {"dispatch", "Cooperlake"}.
using Facts = std::vector<std::pair<std::string, std::string>>;

// Measures device time between two points of the device's queue.
class Stopwatch {
 public:
  virtual ~Stopwatch() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
  virtual double seconds() = 0;  // waits until both points have passed
};

// Queued work, recorded once and replayed at the cost of one launch.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void enqueue() = 0;
  virtual std::size_t nodes() const = 0;  // kernels and copies in one replay: its share of the device's finite queue
};

class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceKind kind() const = 0;
  virtual std::string name() const = 0;  // as its vendor calls it
  virtual Facts facts() const = 0;       // driver, memory, clocks, limits, as read now
  virtual std::size_t memory_bytes() const = 0;
  virtual std::size_t free_memory_bytes() const = 0;
  virtual std::size_t cache_bytes() const = 0;  // the largest cache

  virtual std::unique_ptr<Stopwatch> make_stopwatch() = 0;
  virtual void synchronize() = 0;  // waits for all queued work; throws its errors
  virtual void flush_cache() = 0;  // evicts operands; queued like any other work

  // Row-major tensors that operations can share: `bytes` bytes, aligned to at least 64, contents undefined. A view is
  // `bytes` bytes of such a tensor, starting at `offset` (a multiple of 64); the whole must outlive it.
  virtual std::unique_ptr<Tensor> allocate(std::size_t bytes) = 0;
  virtual std::unique_ptr<Tensor> view(Tensor& whole, std::size_t offset, std::size_t bytes) = 0;

  // Work queued between hold() and release() starts only at release(), which keeps launch latency out of device time.
  virtual void hold() {}
  virtual void release() {}

  // Records what `enqueue_all` queues, without running it. Null if the device does not support that.
  virtual std::unique_ptr<Graph> capture([[maybe_unused]] const std::function<void()>& enqueue_all) { return nullptr; }

  // Host memory with the fastest transfers: page-locked where that matters.
  virtual std::shared_ptr<void> allocate_host(std::size_t bytes) {
    return {std::aligned_alloc(64, (bytes + 63) / 64 * 64), std::free};
  }

  // Readings to record with a time, taken now: {"sm_mhz", 1755}, {"power_watts", 312.5}.
  virtual std::vector<std::pair<std::string, double>> readings() const { return {}; }

  // Why the time since the last call is not representative (such as throttling); empty if nothing disturbed it.
  virtual std::string disturbance() { return {}; }

  // Where separately loaded kernels queue their work: a HostThreads* (cpu; null: only the calling thread), a
  // cudaStream_t (cuda), a cl_command_queue (opencl, cpu_opencl). Owned by the device.
  virtual void* queue() { return nullptr; }
};

}  // namespace whygpu
