// Arrays of values: what a caller sees, and their storage on a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "whygpu/dtype.h"

namespace whygpu {

// What a caller sees: row-major, without padding.
struct TensorSpec {
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;  // the last extent varies fastest

  std::int64_t elements() const {
    std::int64_t count = 1;
    for (auto extent : shape) count *= extent;
    return count;
  }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * dtype_bytes(dtype); }
};

// Values on a device, in a layout known only to their owner. Owns its memory unless it is a view.
class Tensor {
 public:
  virtual ~Tensor() = default;
  virtual std::size_t bytes() const = 0;             // storage, padding included
  virtual void upload(const void* row_major) = 0;    // from host memory; may be queued
  virtual void download(void* row_major) const = 0;  // to host memory; waits until the values are there

  // The address of the values in the device's memory (a host pointer on a CPU) if they are row-major, otherwise null.
  virtual void* address() const { return nullptr; }
  virtual bool intact() const { return true; }  // false: memory next to the values was overwritten, where it is watched
};

}  // namespace whygpu
