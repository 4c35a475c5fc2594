// Inputs of a measurement: random, seeded, never zeros, since values affect power and thus speed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backends/dtypes.h"

namespace whygpu {

// splitmix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Uniform in [-1, 1).
  double uniform() { return static_cast<double>(static_cast<std::int64_t>(bits())) * 0x1p-63; }
  // Uniform in [0, limit).
  std::uint64_t below(std::uint64_t limit) { return bits() % limit; }

 private:
  std::uint64_t state_;
};

// The seed of one argument's values in a run with `seed`.
inline std::uint64_t argument_seed(std::uint64_t seed, std::size_t argument) { return 64 * seed + argument; }

// Row-major values of `dtype`: uniform in [-1, 1) and rounded to the dtype, or over the full range of an integer.
inline std::vector<std::byte> random_values(DType dtype, std::int64_t count, std::uint64_t seed) {
  std::vector<std::byte> storage(static_cast<std::size_t>(count) * dtype_bytes(dtype));
  Random random(seed);
  with_storage_type(dtype, [&]<class T>(T) {
    auto* values = reinterpret_cast<T*>(storage.data());
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<T>) {
        values[i] = static_cast<T>(random.bits());
      } else {
        const double value = random.uniform();
        values[i] = static_cast<T>(dtype == DType::tf32 ? round_to_tf32(static_cast<float>(value)) : value);
      }
    }
  });
  return storage;
}

// A pattern that no correct result contains: NaN, or the largest integer.
inline std::vector<std::byte> poison(const TensorSpec& spec) {
  std::vector<std::byte> storage(spec.bytes(), std::byte{0xff});
  if (spec.dtype == DType::s32) {
    for (std::size_t i = 3; i < storage.size(); i += 4) storage[i] = std::byte{0x7f};
  }
  return storage;
}

}  // namespace whygpu
