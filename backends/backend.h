// The whole interface between whygpu and the libraries and kernels that it measures.
//
// A backend is a loadable module. It answers which operations it can do, prepares one (choosing an algorithm, packing,
// allocating workspace), and from then on only runs it. It knows nothing of measuring.
//
// A caller sees row-major matrices, NHWC images and KRSC filters; a backend may store them as it likes. Every failure is
// an exception derived from std::exception whose what() is one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace whygpu {

// Raised whenever anything in this file changes its layout or meaning.
inline constexpr std::uint32_t kBackendAbi = 1;

// ---- Operations: what is to be computed ----

// tf32 is stored as f32 and multiplied with a 10-bit mantissa.
enum class DType : std::uint8_t { f64, f32, tf32, f16, bf16, f8e4m3, s8, s32 };

inline constexpr std::string_view dtype_name(DType dtype) {
  constexpr std::string_view names[] = {"f64", "f32", "tf32", "f16", "bf16", "f8e4m3", "s8", "s32"};
  return names[static_cast<std::size_t>(dtype)];
}

inline constexpr std::size_t dtype_bytes(DType dtype) {
  constexpr std::size_t bytes[] = {8, 4, 4, 2, 2, 1, 1, 4};
  return bytes[static_cast<std::size_t>(dtype)];
}

// The type that products of `dtype` are accumulated and returned in.
inline constexpr DType accumulator_of(DType dtype) {
  if (dtype == DType::f64) return DType::f64;
  return dtype == DType::s8 || dtype == DType::s32 ? DType::s32 : DType::f32;
}

struct TensorSpec {
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;

  std::int64_t elements() const {
    std::int64_t count = 1;
    for (auto extent : shape) count *= extent;
    return count;
  }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * dtype_bytes(dtype); }
};

// C[b] = op(A[b]) · op(B[b]) for b in [0, batch), with op(A) m×k, op(B) k×n and C m×n; op transposes where asked.
// Arguments: A (k×m when transpose_a), B (n×k when transpose_b), C.
struct Gemm {
  std::int64_t m = 0, n = 0, k = 0, batch = 1;
  bool transpose_a = false, transpose_b = false;
  DType dtype = DType::f32;

  std::vector<TensorSpec> arguments() const {
    return {{dtype, transpose_a ? std::vector{batch, k, m} : std::vector{batch, m, k}},
            {dtype, transpose_b ? std::vector{batch, n, k} : std::vector{batch, k, n}},
            {accumulator_of(dtype), {batch, m, n}}};
  }
};

enum class Pass : std::uint8_t { forward, backward_data, backward_weights };

// Cross-correlation of x[n,h,w,c] with w[k,r,s,c/groups] to y[n,p,q,k], and its two gradients.
// Arguments: x, w, y. The pass says which of them is the result: y, x or w. The result of a floating-point pass has
// the input's own dtype except backward_weights, which returns the accumulator's; s8 forward returns s32.
struct Convolution {
  Pass pass = Pass::forward;
  std::int64_t n = 0, c = 0, h = 0, w = 0, k = 0, r = 0, s = 0;
  std::int64_t stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1, groups = 1;
  DType dtype = DType::f32;

  std::int64_t p() const { return (h + 2 * pad_h - dilation_h * (r - 1) - 1) / stride_h + 1; }
  std::int64_t q() const { return (w + 2 * pad_w - dilation_w * (s - 1) - 1) / stride_w + 1; }
  int result() const { return pass == Pass::forward ? 2 : pass == Pass::backward_data ? 0 : 1; }

  std::vector<TensorSpec> arguments() const {
    const DType accumulator = accumulator_of(dtype);
    return {{dtype, {n, h, w, c}},
            {pass == Pass::backward_weights ? accumulator : dtype, {k, r, s, c / groups}},
            {pass == Pass::forward && dtype == DType::s8 ? accumulator : dtype, {n, p(), q(), k}}};
  }
};

// McCalpin's STREAM kernels and a read-only sum over vectors of `elements`, with scale factor kStreamScale:
//   copy y = x · scale y = s·x · add z = x + y · triad z = x + s·y · sum y[0] = Σ x
// Arguments: inputs, then the result. The kernel runs `passes` times per operation, every thread over its own part, so
// that data in a small cache is not timed by the cost of starting work.
enum class StreamKernel : std::uint8_t { copy, scale, add, triad, sum };
inline constexpr double kStreamScale = 3.0;

struct Stream {
  StreamKernel kernel = StreamKernel::triad;
  std::int64_t elements = 0, passes = 1;
  DType dtype = DType::f64;

  int inputs() const { return kernel == StreamKernel::add || kernel == StreamKernel::triad ? 2 : 1; }
  std::vector<TensorSpec> arguments() const {
    std::vector<TensorSpec> specs(static_cast<std::size_t>(inputs()), TensorSpec{dtype, {elements}});
    specs.push_back({dtype, {kernel == StreamKernel::sum ? 1 : elements}});
    return specs;
  }
};

// `bytes` from host memory, pinned (page-locked) or pageable, to the device, back, or both ways at once.
// Arguments: source and destination, each where it belongs; both ways: those of to_device, then those of to_host.
enum class Direction : std::uint8_t { to_device, to_host, both_ways };

struct Transfer {
  Direction direction = Direction::to_device;
  bool pinned = true;
  std::int64_t bytes = 0;

  std::vector<TensorSpec> arguments() const {
    return std::vector<TensorSpec>(direction == Direction::both_ways ? 4 : 2, TensorSpec{DType::s8, {bytes}});
  }
};

// `launches` pieces of work that do nothing, one after the other. No arguments.
struct Launch {
  std::int64_t launches = 1;

  std::vector<TensorSpec> arguments() const { return {}; }
};

// At least `operations` multiplications and additions in registers, over every core or multiprocessor, in the dtype's
// fastest instruction: acc += a·b and acc -= a·b by turns. Arguments: x and y, one accumulator register of 64 bytes;
// every accumulator starts at x, and y = x + Σ (accumulator - x) over all of them, hence x.
struct Peak {
  DType dtype = DType::f32;
  std::int64_t operations = 0;

  std::vector<TensorSpec> arguments() const {
    const DType accumulator = accumulator_of(dtype);
    const TensorSpec line{accumulator, {static_cast<std::int64_t>(64 / dtype_bytes(accumulator))}};
    return {line, line};
  }
};

// Keeps every core busy for `cycles` of its clock: by a chain of dependent instructions of known latency, or by watching
// the core's own counter. No arguments.
struct CycleChain {
  std::int64_t cycles = 0;

  std::vector<TensorSpec> arguments() const { return {}; }
};

using Op = std::variant<Gemm, Convolution, Stream, Transfer, Launch, Peak, CycleChain>;

// The arguments of any operation, in order.
inline std::vector<TensorSpec> arguments(const Op& op) {
  return std::visit([](const auto& shape) { return shape.arguments(); }, op);
}

// ---- Devices: where it is computed ----

// Values that live on a device, in a layout that only their owner knows.
class Tensor {
 public:
  virtual ~Tensor() = default;
  virtual std::size_t bytes() const = 0;                 // storage, padding included
  virtual void upload(const void* row_major) = 0;        // from host memory; may be queued
  virtual void download(void* row_major) const = 0;      // to host memory; waits until the values are there
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

  // Work queued between hold() and release() starts only at release(), so that launch latency stays out of device time.
  virtual void hold() {}
  virtual void release() {}

  // Records what `enqueue_all` queues, without running it. Null where the device has no such thing.
  virtual std::unique_ptr<Graph> capture(const std::function<void()>& enqueue_all) {
    (void)enqueue_all;
    return nullptr;
  }

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
#define WHYGPU_BACKEND(name, Class)                                                                  \
  extern "C" __attribute__((visibility("default"))) const whygpu::Module* whygpu_backend_module() { \
    static const whygpu::Module module{whygpu::kBackendAbi, name,                                    \
                                       [](const whygpu::Settings& settings) -> whygpu::Backend* {    \
                                         return new Class(settings);                                 \
                                       }};                                                           \
    return &module;                                                                                  \
  }
