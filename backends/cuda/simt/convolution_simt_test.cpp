// The convolution kernel against direct loops in float64, on the host.
#include "backends/cuda/convolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "backends/cuda/simt/simt.h"
#include "backends/dtypes.h"

namespace whygpu::cuda {
namespace {

constexpr Chip kChip{80, 3, 166912};

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

// Relative Frobenius error of the kernel's result, the worse of both schedules.
double convolution_error(const Convolution& op) {
  std::mt19937 random(11);
  const auto specs = op.arguments();
  const auto result = static_cast<std::size_t>(op.result());
  std::vector<std::vector<std::byte>> storage(3);
  std::vector<std::vector<double>> values(3);
  for (std::size_t i = 0; i < 3; ++i) {
    storage[i].resize(specs[i].bytes());
    values[i].resize(static_cast<std::size_t>(specs[i].elements()));
    if (i == result) continue;
    with_storage_type(specs[i].dtype, [&]<class T>(T) {
      T* const stored = reinterpret_cast<T*>(storage[i].data());
      for (std::size_t e = 0; e < values[i].size(); ++e) {
        const float uniform = std::uniform_real_distribution<float>(-1, 1)(random);
        stored[e] = T(specs[i].dtype == DType::s8 ? std::round(uniform * 127) : uniform);
        values[i][e] = value_of(stored[e]);
      }
    });
  }
  for_each_product(op, [&](std::int64_t x, std::int64_t w, std::int64_t y) {
    const std::size_t at[3] = {static_cast<std::size_t>(x), static_cast<std::size_t>(w), static_cast<std::size_t>(y)};
    values[result][at[result]] +=
        values[(result + 1) % 3][at[(result + 1) % 3]] * values[(result + 2) % 3][at[(result + 2) % 3]];
  });

  const Plan plan = plan_convolution(op, kChip);
  double worst = 0;
  for (const auto schedule : {simt::Schedule::forward_eager, simt::Schedule::reverse_late}) {
    simt::set_schedule(schedule);
    std::vector<std::byte> output(specs[result].bytes(), std::byte{0xff}), workspace(plan.workspace_bytes);
    const std::size_t first = result == 0 ? 1 : 0, second = result == 2 ? 1 : 2;
    plan.run({storage[first].data(), storage[second].data(), output.data(), workspace.data(), nullptr});
    double difference = 0, norm = 0;
    with_storage_type(specs[result].dtype, [&]<class T>(T) {
      for (std::size_t e = 0; e < values[result].size(); ++e) {
        const double error = value_of(reinterpret_cast<const T*>(output.data())[e]) - values[result][e];
        difference += error * error;
        norm += values[result][e] * values[result][e];
      }
    });
    const double error = std::sqrt(difference / norm);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  return worst;
}

double tolerance(const Convolution& op) {
  switch (op.arguments()[static_cast<std::size_t>(op.result())].dtype) {
    case DType::f64:
      return 1e-14;
    case DType::f32:
      return 5e-6;
    case DType::f16:
      return 5e-4;
    case DType::bf16:
      return 3e-3;
    default:
      return 0;
  }
}

// A stem of three channels; strides, an even filter and unequal sides; padding as wide as the filter; dilation; groups;
// depthwise; 1×1 with a stride larger than the filter.
std::vector<Convolution> problems(Pass pass, DType dtype) {
  std::vector<Convolution> all = {{pass, 2, 3, 13, 11, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, dtype},
                                  {pass, 1, 7, 9, 14, 6, 2, 4, 2, 3, 0, 2, 1, 1, 1, dtype},
                                  {pass, 1, 4, 5, 5, 3, 3, 3, 1, 1, 3, 3, 1, 1, 1, dtype},
                                  {pass, 1, 5, 12, 10, 4, 3, 3, 1, 1, 2, 2, 2, 2, 1, dtype},
                                  {pass, 1, 8, 7, 6, 12, 3, 3, 1, 1, 1, 1, 1, 1, 4, dtype},
                                  {pass, 1, 6, 8, 8, 6, 3, 3, 2, 2, 1, 1, 1, 1, 6, dtype},
                                  {pass, 3, 70, 10, 10, 66, 1, 1, 3, 3, 0, 0, 1, 1, 1, dtype},
                                  {pass, 3, 2, 20, 20, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, dtype}};
  return all;
}

TEST(Convolution, AgreesWithFloat64) {
  for (const Pass pass : {Pass::forward, Pass::backward_data, Pass::backward_weights}) {
    for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::s8}) {
      for (const Convolution& op : problems(pass, dtype)) {
        if (!convolution_supports(op)) continue;
        EXPECT_LE(convolution_error(op), tolerance(op))
            << "pass " << static_cast<int>(pass) << " " << dtype_name(dtype) << " c=" << op.c << " k=" << op.k;
      }
    }
  }
}

TEST(Convolution, SplitsTheLongSumOfBackwardWeights) {
  const auto plan = plan_convolution(problems(Pass::backward_weights, DType::f32).back(), kChip);
  EXPECT_NE(plan.description.find("split-K"), std::string::npos) << plan.description;
}

}  // namespace
}  // namespace whygpu::cuda
