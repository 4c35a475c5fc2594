// Optional for a backend: operations that measure the limits of a device, independent of any library.
#pragma once

#include "whygpu/backend.h"

namespace whygpu {

// McCalpin's STREAM kernels and a read-only sum over vectors of `elements`, with s = kStreamScale:
//   copy y = x · scale y = s·x · add z = x + y · triad z = x + s·y · sum y[0] = Σ x
// Arguments: inputs, then the result. The kernel runs `passes` times per operation, each thread over its own part, so
// that the cost of starting work does not dominate the time of data in a small cache.
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

// Copies `bytes` from host memory, pinned (page-locked) or pageable, to the device, back, or both ways at once.
// Arguments: source and destination, each on its own side; both ways: those of to_device, then those of to_host.
enum class Direction : std::uint8_t { to_device, to_host, both_ways };

struct Transfer {
  Direction direction = Direction::to_device;
  bool pinned = true;
  std::int64_t bytes = 0;

  std::vector<TensorSpec> arguments() const {
    return std::vector<TensorSpec>(direction == Direction::both_ways ? 4 : 2, TensorSpec{DType::s8, {bytes}});
  }
};

// `launches` empty launches, one after the other. No arguments.
struct Launch {
  std::int64_t launches = 1;
  std::vector<TensorSpec> arguments() const { return {}; }
};

// At least `operations` multiplications and additions in registers, on all cores or multiprocessors, with the dtype's
// fastest instruction: alternately acc += a·b and acc -= a·b. Arguments: x and y, one accumulator register of 64 bytes;
// every accumulator starts at x, and y = x + Σ (accumulator - x) over all of them, which is x.
struct Peak {
  DType dtype = DType::f32;
  std::int64_t operations = 0;

  std::vector<TensorSpec> arguments() const {
    const DType accumulator = accumulator_of(dtype);
    return std::vector(2, TensorSpec{accumulator, {static_cast<std::int64_t>(64 / dtype_bytes(accumulator))}});
  }
};

// Keeps every core busy for `cycles` clock cycles: by a chain of dependent instructions of known latency, or by polling
// the core's own counter. No arguments.
struct CycleChain {
  std::int64_t cycles = 0;
  std::vector<TensorSpec> arguments() const { return {}; }
};

using Probe = std::variant<Stream, Transfer, Launch, Peak, CycleChain>;

// Like Backend's functions of the same names, in the layout that the probe prefers.
class Probes {
 public:
  virtual ~Probes() = default;
  virtual std::vector<std::string> variants(const Probe& probe) const = 0;
  virtual Support supports(const Probe& probe, std::string_view variant) const = 0;
  virtual std::unique_ptr<Operation> prepare(const Probe& probe, std::string_view variant) = 0;
};

}  // namespace whygpu
