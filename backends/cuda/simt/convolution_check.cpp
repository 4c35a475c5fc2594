#include "backends/cuda/simt/convolution_check.h"

#include <cmath>
#include <cstring>
#include <random>

#include "backends/cuda/simt/simt.h"
#include "backends/dtypes.h"

namespace whygpu::cuda {
namespace {

template <class T>
double value_of(T stored) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<double>(stored);
  } else {
    return static_cast<float>(stored);
  }
}

// Calls f(x index, w index, y index) for every product of the convolution.
template <class F>
void for_each_product(const Convolution& o, F f) {
  const std::int64_t group_c = o.c / o.groups, group_k = o.k / o.groups;
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t p = 0; p < o.p(); ++p)
      for (std::int64_t q = 0; q < o.q(); ++q)
        for (std::int64_t k = 0; k < o.k; ++k)
          for (std::int64_t r = 0; r < o.r; ++r)
            for (std::int64_t s = 0; s < o.s; ++s) {
              const std::int64_t h = p * o.stride_h - o.pad_h + r * o.dilation_h;
              const std::int64_t w = q * o.stride_w - o.pad_w + s * o.dilation_w;
              if (h < 0 || h >= o.h || w < 0 || w >= o.w) continue;
              for (std::int64_t c = 0; c < group_c; ++c) {
                f(((n * o.h + h) * o.w + w) * o.c + k / group_k * group_c + c, ((k * o.r + r) * o.s + s) * group_c + c,
                  ((n * o.p() + p) * o.q() + q) * o.k + k);
              }
            }
}

// Values as a tensor of this spec stores them.
std::vector<std::byte> fill(const TensorSpec& spec, std::vector<double>& values, std::mt19937& random) {
  std::vector<std::byte> storage(spec.bytes());
  with_storage_type(spec.dtype, [&]<class T>(T) {
    T* const stored = reinterpret_cast<T*>(storage.data());
    for (std::size_t e = 0; e < values.size(); ++e) {
      float value = std::uniform_real_distribution<float>(-1, 1)(random);
      if (spec.dtype == DType::s8) value = std::round(value * 127);
      if (spec.dtype == DType::tf32) value = round_to_tf32(value);
      stored[e] = T(value);
      values[e] = value_of(stored[e]);
    }
  });
  return storage;
}

double relative_error(const std::vector<std::byte>& output, const std::vector<double>& reference, DType dtype) {
  double difference = 0, norm = 0;
  with_storage_type(dtype, [&]<class T>(T) {
    for (std::size_t e = 0; e < reference.size(); ++e) {
      const double error = value_of(reinterpret_cast<const T*>(output.data())[e]) - reference[e];
      difference += error * error;
      norm += reference[e] * reference[e];
    }
  });
  const double error = std::sqrt(difference / norm);
  return std::isnan(error) ? INFINITY : error;
}

}  // namespace

double convolution_error(const Convolution& op, const Plan& plan) {
  std::mt19937 random(11);
  const auto specs = op.arguments();
  const auto result = static_cast<std::size_t>(op.result());
  const std::size_t first = result == 0 ? 1 : 0, second = result == 2 ? 1 : 2;
  std::vector<std::byte> storage[3];
  std::vector<double> values[3];
  for (std::size_t i = 0; i < 3; ++i) {
    values[i].resize(static_cast<std::size_t>(specs[i].elements()));
    if (i != result) storage[i] = fill(specs[i], values[i], random);
  }
  for_each_product(op, [&](std::int64_t x, std::int64_t w, std::int64_t y) {
    const std::size_t at[3] = {static_cast<std::size_t>(x), static_cast<std::size_t>(w), static_cast<std::size_t>(y)};
    values[result][at[result]] += values[first][at[first]] * values[second][at[second]];
  });

  std::vector<std::byte> outputs[2];
  for (const auto schedule : {simt::Schedule::forward_eager, simt::Schedule::reverse_late}) {
    simt::set_schedule(schedule);
    std::vector<std::byte>& output = outputs[schedule == simt::Schedule::reverse_late ? 1 : 0];
    output.assign(specs[result].bytes(), std::byte{0xff});
    std::vector<std::byte> workspace(plan.workspace_bytes, std::byte{0xff});
    plan.run({storage[first].data(), storage[second].data(), output.data(), workspace.data(), nullptr});
  }
  return outputs[0] == outputs[1] ? relative_error(outputs[0], values[result], specs[result].dtype) : INFINITY;
}

double convolution_tolerance(const Convolution& op) {
  switch (op.arguments()[static_cast<std::size_t>(op.result())].dtype) {
    case DType::f64: return 1e-14;
    case DType::f32: return 5e-6;
    case DType::tf32: return 2e-5;
    case DType::f16: return 5e-4;
    case DType::bf16: return 3e-3;
    default: return 0;
  }
}

std::string convolution_name(const Convolution& op) {
  const auto by = [](std::initializer_list<std::int64_t> values) {
    std::string text;
    for (const std::int64_t value : values) text += (text.empty() ? "" : "x") + std::to_string(value);
    return text;
  };
  constexpr const char* passes[] = {"forward", "backward_data", "backward_weights"};
  return std::string(passes[static_cast<int>(op.pass)]) + " " + std::string(dtype_name(op.dtype)) + " " +
         by({op.n, op.c, op.h, op.w}) + " " + by({op.k, op.r, op.s}) + " stride " + by({op.stride_h, op.stride_w}) +
         " pad " + by({op.pad_h, op.pad_w}) + " dilation " + by({op.dilation_h, op.dilation_w}) + " groups " +
         std::to_string(op.groups);
}

}  // namespace whygpu::cuda
