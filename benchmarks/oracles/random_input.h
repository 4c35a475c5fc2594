// Inputs of a measurement: random and seeded, and zeros only when asked for, since values affect power and thus speed.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string_view>
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
  // Of mean 0 and variance 1 (Box and Muller 1958).
  double normal() {
    const double unit = (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53;
    return std::sqrt(-2 * std::log(unit)) * std::cos(std::numbers::pi * uniform());
  }
  // Uniform in [0, limit).
  std::uint64_t below(std::uint64_t limit) { return bits() % limit; }

 private:
  std::uint64_t state_;
};

// The seed of one argument's values in a run with `seed`.
inline std::uint64_t argument_seed(std::uint64_t seed, std::size_t argument) { return 64 * seed + argument; }

// uniform: in [-1, 1), of integer types over the full range. normal: of variance 1; of s8, standard deviation 32.
// integers: whole numbers from -4 to 4, of which sums are exact.
enum class InputData : std::uint8_t { uniform, normal, integers, zeros };
constexpr auto enum_names(InputData) {
  return std::array<std::string_view, 4>{"uniform", "normal", "integers", "zeros"};
}

// One value, before it is rounded to a floating-point type.
inline double draw(Random& random, InputData data) {
  switch (data) {
    case InputData::normal: return random.normal();
    case InputData::integers: return static_cast<double>(random.below(9)) - 4;
    case InputData::zeros: return 0;
    default: return random.uniform();
  }
}

// One value of an integer type.
template <class Integer>
Integer draw_integer(Random& random, InputData data) {
  if (data == InputData::uniform) return static_cast<Integer>(random.bits());
  const double scale = data == InputData::normal ? 32 : 1;
  return static_cast<Integer>(std::clamp(std::round(scale * draw(random, data)), -127.0, 127.0));
}

// Row-major values, rounded to `dtype`.
inline std::vector<std::byte> random_values(DType dtype, std::int64_t count, std::uint64_t seed,
                                            InputData data = InputData::uniform) {
  std::vector<std::byte> storage(static_cast<std::size_t>(count) * dtype_bytes(dtype));
  Random random(seed);
  with_storage_type(dtype, [&]<class T>(T) {
    auto* values = reinterpret_cast<T*>(storage.data());
    for (std::int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<T>) {
        values[i] = draw_integer<T>(random, data);
      } else {
        const double value = draw(random, data);
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
