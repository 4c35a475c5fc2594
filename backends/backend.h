// The whole interface between whygpu and the libraries and kernels that it measures.
//
// A backend is a loadable module. It answers which operations it can do, prepares one (choosing an algorithm, packing,
// allocating workspace), and from then on only runs it. It knows nothing of measuring.
//
// A caller sees row-major matrices, NHWC images and KRSC filters; a backend may store them as it likes. Every failure
// is an exception derived from std::exception whose what() is one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "backends/layer_operations.h"
#include "backends/machine_operations.h"
#include "backends/operations.h"

namespace whygpu {

// Raised whenever anything in this file changes its layout or meaning.
inline constexpr std::uint32_t kBackendAbi = 2;

// ---- Operations: what is to be computed ----

using Op = std::variant<Gemm, Convolution, Stream, Transfer, Launch, Peak, CycleChain, BiasActivation,
                        BiasActivationGradient, ColumnSum, LayerNorm, LayerNormGradient, BatchNorm, BatchNormGradient,
                        Pooling, PoolingGradient, SoftmaxCrossEntropy, SoftmaxCrossEntropyGradient, MeanSquare,
                        MeanSquareGradient, Embedding, EmbeddingGradient, CausalSoftmax, CausalSoftmaxGradient,
                        LstmCell, LstmCellGradient, Permute, Add, SgdMomentum, AdamW>;

// The arguments of any operation, in order.
inline std::vector<TensorSpec> arguments(const Op& op) {
  return std::visit([](const auto& shape) { return shape.arguments(); }, op);
}

// ---- Devices: where it is computed ----

// Values that live on a device, in a layout that only their owner knows.
class Tensor {
 public:
  virtual ~Tensor() = default;
  virtual std::size_t bytes() const = 0;             // storage, padding included
  virtual void upload(const void* row_major) = 0;    // from host memory; may be queued
  virtual void download(void* row_major) const = 0;  // to host memory; waits until the values are there

  // The values themselves where they are row-major and in host memory, so that nothing needs to be moved; else null.
  virtual void* host_values() { return nullptr; }
};

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
};

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string kind() const = 0;  // "cpu", "cuda"
  virtual std::string name() const = 0;  // as its maker calls it
  virtual Facts facts() const = 0;       // driver, memory, clocks, limits, as read now
  virtual std::size_t memory_bytes() const = 0;
  virtual std::size_t free_memory_bytes() const = 0;
  virtual std::size_t cache_bytes() const = 0;  // the largest cache that data can be found in

  virtual std::unique_ptr<Stopwatch> make_stopwatch() = 0;
  virtual void synchronize() = 0;  // waits for all queued work; reports what failed in it
  virtual void flush_cache() = 0;  // evicts operands; queued like any other work

  // Plain memory: values of any shape, row-major and without padding, for operations that share tensors.
  virtual std::unique_ptr<Tensor> allocate(std::size_t bytes) {
    throw std::logic_error(kind() + " devices have no plain tensors of " + std::to_string(bytes) + " bytes");
  }
  // `bytes` bytes of a tensor that allocate() made, from `offset` (a multiple of 64) on. It must outlive the view.
  virtual std::unique_ptr<Tensor> view(Tensor& whole, std::size_t offset, std::size_t bytes) {
    (void)whole, (void)offset, (void)bytes;
    throw std::logic_error(kind() + " devices have no plain tensors");
  }

  // Work queued between hold() and release() starts only at release(), so that launch latency stays out of device time.
  virtual void hold() {}
  virtual void release() {}

  // Records what `enqueue_all` queues, without running it. Null where the device has no such thing.
  virtual std::unique_ptr<Graph> capture(const std::function<void()>& enqueue_all) {
    (void)enqueue_all;
    return nullptr;
  }

  // Host memory that transfers are fastest from and to: page-locked where that matters.
  virtual std::shared_ptr<void> allocate_host(std::size_t bytes) {
    return {std::aligned_alloc(64, (bytes + 63) / 64 * 64), std::free};
  }

  // Numbers worth keeping beside a time, as read now: {"sm_mhz", 1755}, {"power_watts", 312.5}.
  virtual std::vector<std::pair<std::string, double>> readings() const { return {}; }

  // Why the time since the last call is not representative (throttling, say), in words; empty when nothing disturbed.
  virtual std::string disturbance() { return {}; }
};

// ---- Backends: how it is computed ----

// Yes, or why not.
struct Support {
  bool yes = true;
  std::string reason;

  static Support no(std::string why) { return {false, std::move(why)}; }
  explicit operator bool() const { return yes; }
};

// One operation, ready to run any number of times.
class Operation {
 public:
  virtual ~Operation() = default;

  // A tensor for argument `index`, in the layout that this operation likes best. Contents are undefined.
  virtual std::unique_ptr<Tensor> allocate(int index) = 0;

  // Queues one run over tensors made by allocate(), in the order of the operation's arguments. Only runs: what could be
  // chosen, packed or allocated was so in prepare().
  virtual void enqueue(std::span<Tensor* const> tensors) = 0;

  // What really runs: kernel, instruction set, algorithm, math mode, workspace. Names every borrowed or converted step.
  virtual std::string implementation() const = 0;
};

struct Settings {
  int threads = 1;  // CPU threads that a host library may use
  int device = 0;   // which of several accelerators
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string version() const = 0;  // library and version, as it reports itself at run time
  virtual Facts facts() const = 0;          // what it chose on this machine: dispatched core, threading, …
  virtual Device& device() = 0;

  // Selectable implementations of `op`, the default first; empty when there is one only.
  virtual std::vector<std::string> variants(const Op& op) const {
    (void)op;
    return {};
  }
  // `variant` is empty for the default, or one of variants(op).
  virtual Support supports(const Op& op, std::string_view variant) const = 0;
  virtual std::unique_ptr<Operation> prepare(const Op& op, std::string_view variant) = 0;

  // The default variant over the device's plain tensors (Device::allocate), so that many operations can share them.
  // Backends whose tensors are not plain anyway say how.
  virtual std::unique_ptr<Operation> prepare_plain(const Op& op) { return prepare(op, {}); }
};

// ---- The module: how it is found ----

// What a module's single entry point returns. `abi` stays first for ever, so that any version can be refused by name.
struct Module {
  std::uint32_t abi = kBackendAbi;
  const char* name = nullptr;
  Backend* (*create)(const Settings&) = nullptr;  // throws when the library or device is not usable, and says why
};

}  // namespace whygpu

// Defines the entry point of a module, once per module: WHYGPU_BACKEND("openblas", OpenBlas);
#define WHYGPU_BACKEND(name, Class)                                                                 \
  extern "C" __attribute__((visibility("default"))) const whygpu::Module* whygpu_backend_module() { \
    static const whygpu::Module module{                                                             \
        whygpu::kBackendAbi, name,                                                                  \
        [](const whygpu::Settings& settings) -> whygpu::Backend* { return new Class(settings); }};  \
    return &module;                                                                                 \
  }
