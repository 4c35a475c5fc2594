#include "benchmarks/oracles/convolution_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include "backends/dtypes.h"
#include "benchmarks/oracles/random_input.h"

namespace whygpu {
namespace {

using Bytes = std::vector<std::byte>;
using Check = std::function<Verdict(const Convolution&, const ConvolutionValues&, const ConvolutionTolerance&)>;

// Calls f(n, p, q, k, r, s, c, x offset, w offset, y offset) for every product of a convolution.
template <class F>
void for_each_product(const Convolution& op, F&& f) {
  const std::int64_t channels = op.c / op.groups, filters = op.k / op.groups;
  for (std::int64_t n = 0; n < op.n; ++n) {
    for (std::int64_t p = 0; p < op.p(); ++p) {
      for (std::int64_t q = 0; q < op.q(); ++q) {
        for (std::int64_t k = 0; k < op.k; ++k) {
          for (std::int64_t r = 0; r < op.r; ++r) {
            for (std::int64_t s = 0; s < op.s; ++s) {
              const std::int64_t h = p * op.stride_h - op.pad_h + r * op.dilation_h;
              const std::int64_t w = q * op.stride_w - op.pad_w + s * op.dilation_w;
              if (h < 0 || h >= op.h || w < 0 || w >= op.w) continue;
              for (std::int64_t c = 0; c < channels; ++c) {
                f(((n * op.h + h) * op.w + w) * op.c + k / filters * channels + c,
                  ((k * op.r + r) * op.s + s) * channels + c, ((n * op.p() + p) * op.q() + q) * op.k + k);
              }
            }
          }
        }
      }
    }
  }
}

// The result of a correct backend: products accumulated one by one in `Sum`, rounded once to the result's dtype.
template <class In, class Sum, class Out>
Bytes honest_result(const Convolution& op, const std::array<Bytes, 3>& values) {
  const int result = op.result(), left = result == 0 ? 2 : 0, right = result == 1 ? 2 : 1;
  const auto widen = [](In value) {
    if constexpr (std::is_arithmetic_v<In>)
      return static_cast<Sum>(value);
    else
      return static_cast<Sum>(static_cast<float>(value));
  };
  std::vector<Sum> sums(op.arguments()[result].elements(), 0);
  const In* a = reinterpret_cast<const In*>(values[left].data());
  const In* b = reinterpret_cast<const In*>(values[right].data());
  for_each_product(op, [&](std::int64_t x, std::int64_t w, std::int64_t y) {
    const std::array<std::int64_t, 3> at{x, w, y};
    sums[at[result]] += widen(a[at[left]]) * widen(b[at[right]]);
  });
  Bytes bytes(sums.size() * sizeof(Out));
  for (std::size_t i = 0; i < sums.size(); ++i) reinterpret_cast<Out*>(bytes.data())[i] = static_cast<Out>(sums[i]);
  return bytes;
}

// Random inputs with the correct result of `op`.
std::array<Bytes, 3> solve(const Convolution& op) {
  std::array<Bytes, 3> values;
  const auto specs = op.arguments();
  for (int i = 0; i < 3; ++i) values[i] = random_values(specs[i].dtype, specs[i].elements(), 7 + i);
  const bool weights = op.pass == Pass::backward_weights;
  auto& result = values[op.result()];
  switch (op.dtype) {
    case DType::f64: result = honest_result<double, double, double>(op, values); break;
    case DType::f32:
    case DType::tf32: result = honest_result<float, float, float>(op, values); break;
    case DType::bf16:
      result = weights ? honest_result<BFloat16, float, float>(op, values)
                       : honest_result<BFloat16, float, BFloat16>(op, values);
      break;
    case DType::f16:
      result = weights ? honest_result<Float16, float, float>(op, values)
                       : honest_result<Float16, float, Float16>(op, values);
      break;
    default: result = honest_result<std::int8_t, std::int32_t, std::int32_t>(op, values);
  }
  return values;
}

ConvolutionValues pointers(const std::array<Bytes, 3>& values) {
  return {values[0].data(), values[1].data(), values[2].data()};
}

Convolution with_pass(Convolution op, Pass pass) {
  op.pass = pass;
  return op;
}

Convolution shape(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w, std::int64_t k, std::int64_t r,
                  std::int64_t s, std::int64_t stride, std::int64_t pad, std::int64_t dilation, std::int64_t groups) {
  return {Pass::forward, n, c, h, w, k, r, s, stride, stride, pad, pad, dilation, dilation, groups, DType::f32};
}

const std::vector<Convolution>& shapes() {
  static const std::vector<Convolution> shapes = {
      shape(2, 16, 9, 11, 8, 3, 3, 1, 1, 1, 1),  // a common layer
      shape(1, 3, 23, 19, 5, 7, 5, 2, 3, 1, 1),  // a stem
      shape(2, 8, 7, 7, 12, 1, 1, 1, 0, 1, 1),   // pointwise
      shape(2, 6, 12, 10, 6, 3, 3, 2, 1, 1, 6),  // depthwise
      shape(1, 8, 13, 11, 4, 3, 3, 1, 2, 2, 2),  // grouped and dilated
      shape(3, 2, 11, 9, 3, 2, 2, 3, 0, 1, 1),   // stride larger than the filter
      shape(1, 1, 5, 6, 7, 4, 2, 1, 4, 1, 1),    // even filter, padding as large as the filter
      {Pass::forward, 2, 4, 10, 13, 6, 3, 2, 2, 1, 0, 3, 1, 2, 2, DType::f32},  // different in the two directions
  };
  return shapes;
}

constexpr Pass kPasses[] = {Pass::forward, Pass::backward_data, Pass::backward_weights};

class ConvolutionOracle : public testing::TestWithParam<Check> {
 protected:
  Verdict check(const Convolution& op, const std::array<Bytes, 3>& values, std::string_view implementation = "direct") {
    return GetParam()(op, pointers(values), convolution_tolerance(op, implementation));
  }

  // Corrupts a correct f32 result of every shape and pass, and expects that this is detected.
  void expect_caught(const std::function<void(const Convolution&, std::vector<float>&)>& spoil) {
    for (const auto& base : shapes()) {
      for (const Pass pass : kPasses) {
        const Convolution op = with_pass(base, pass);
        auto values = solve(op);
        auto& bytes = values[op.result()];
        std::vector<float> result(bytes.size() / sizeof(float));
        std::memcpy(result.data(), bytes.data(), bytes.size());
        spoil(op, result);
        std::memcpy(bytes.data(), result.data(), bytes.size());
        const Verdict verdict = check(op, values);
        EXPECT_EQ(verdict.status, Status::incorrect)
            << "c=" << op.c << " k=" << op.k << " pass " << static_cast<int>(pass);
        EXPECT_FALSE(verdict.reason.empty());
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(, ConvolutionOracle, testing::Values(Check(check_every_element), Check(check_by_probes)),
                         [](const auto& info) { return info.index == 0 ? "EveryElement" : "Probes"; });

TEST_P(ConvolutionOracle, AcceptsCorrectResults) {
  for (const DType dtype : {DType::f64, DType::f32, DType::tf32, DType::bf16, DType::f16, DType::s8}) {
    for (Convolution op : shapes()) {
      op.dtype = dtype;
      for (const Pass pass : kPasses) {
        if (dtype == DType::s8 && pass != Pass::forward) continue;
        const Verdict verdict = check(with_pass(op, pass), solve(with_pass(op, pass)));
        EXPECT_EQ(verdict.status, Status::ok) << dtype_name(dtype) << ": " << verdict.reason;
      }
    }
  }
}

TEST_P(ConvolutionOracle, LongAccumulation) {
  for (const Pass pass : kPasses) {
    const Convolution op = with_pass(shape(4, 64, 14, 14, 16, 3, 3, 1, 1, 1, 1), pass);
    const Verdict verdict = check(op, solve(op));
    EXPECT_EQ(verdict.status, Status::ok) << verdict.reason;
  }
}

TEST_P(ConvolutionOracle, OneWrongElement) {
  expect_caught([](const Convolution&, std::vector<float>& result) { result[result.size() / 3] += 0.01F; });
}

TEST_P(ConvolutionOracle, UnwrittenResult) {
  expect_caught([](const Convolution& op, std::vector<float>& result) {
    std::memcpy(result.data(), poison(op.arguments()[op.result()]).data(), result.size() * sizeof(float));
  });
}

TEST_P(ConvolutionOracle, UnwrittenElement) {
  expect_caught([](const Convolution&, std::vector<float>& result) { result[result.size() / 2] = std::nanf(""); });
}

TEST_P(ConvolutionOracle, Zeros) {
  expect_caught([](const Convolution&, std::vector<float>& result) { std::fill(result.begin(), result.end(), 0.0F); });
}

TEST_P(ConvolutionOracle, ShiftedColumn) {
  expect_caught([](const Convolution& op, std::vector<float>& result) {
    const auto columns = op.arguments()[op.result()].shape[3];
    const auto shift = static_cast<std::ptrdiff_t>(columns > 1 ? 1 : columns);
    std::rotate(result.begin(), result.begin() + shift, result.end());
  });
}

TEST_P(ConvolutionOracle, Bf16ClaimedAsF32) {
  expect_caught([](const Convolution&, std::vector<float>& result) {
    for (float& value : result) value = static_cast<float>(BFloat16(value));
  });
}

TEST_P(ConvolutionOracle, Tf32Inputs) {
  for (const auto& base : shapes()) {
    for (const Pass pass : kPasses) {
      const Convolution op = with_pass(base, pass);
      const auto honest = solve(op);
      auto rounded = honest;
      for (auto& bytes : rounded) {
        auto* values = reinterpret_cast<float*>(bytes.data());
        for (std::size_t i = 0; i < bytes.size() / sizeof(float); ++i) values[i] = round_to_tf32(values[i]);
      }
      auto values = honest;
      values[op.result()] = honest_result<float, float, float>(op, rounded);
      EXPECT_EQ(check(op, values).status, Status::incorrect);
    }
  }
}

TEST_P(ConvolutionOracle, WrongPadding) {
  // Zeros on one side only: the result of the same image, shifted down by one row.
  const Convolution op = shape(2, 16, 9, 11, 8, 3, 3, 1, 1, 1, 1);
  for (const Pass pass : kPasses) {
    auto values = solve(with_pass(op, pass));
    auto moved = values;
    const int image = pass == Pass::backward_data ? 2 : 0;
    const std::size_t row = moved[image].size() / (2 * 9);
    std::fill(moved[image].begin(), moved[image].begin() + static_cast<std::ptrdiff_t>(row), std::byte{0});
    std::copy(values[image].begin(), values[image].end() - static_cast<std::ptrdiff_t>(row),
              moved[image].begin() + static_cast<std::ptrdiff_t>(row));
    const int result = with_pass(op, pass).result();
    values[result] = honest_result<float, float, float>(with_pass(op, pass), moved);
    EXPECT_EQ(check(with_pass(op, pass), values).status, Status::incorrect);
  }
}

TEST_P(ConvolutionOracle, FlippedFilter) {
  const Convolution op = shape(1, 4, 8, 8, 4, 3, 3, 1, 1, 1, 1);
  for (const Pass pass : {Pass::forward, Pass::backward_data}) {
    auto values = solve(with_pass(op, pass));
    auto flipped = values;
    auto* filter = reinterpret_cast<std::array<float, 4>*>(flipped[1].data());
    for (int k = 0; k < 4; ++k) std::reverse(filter + k * 9, filter + (k + 1) * 9);
    values[with_pass(op, pass).result()] = honest_result<float, float, float>(with_pass(op, pass), flipped);
    EXPECT_EQ(check(with_pass(op, pass), values).status, Status::incorrect);
  }
}

TEST_P(ConvolutionOracle, WrongInteger) {
  Convolution op = shapes()[0];
  op.dtype = DType::s8;
  auto values = solve(op);
  reinterpret_cast<std::int32_t*>(values[2].data())[100] += 1;
  EXPECT_EQ(check(op, values).status, Status::incorrect);
}

TEST_P(ConvolutionOracle, WinogradToleranceByName) {
  const Convolution op = shape(1, 64, 12, 12, 64, 3, 3, 1, 1, 1, 1);
  auto values = solve(op);
  auto* result = reinterpret_cast<float*>(values[2].data());
  Random random(3);
  // Up to 25·u·magnitude: the magnitude of 64·9 products of uniform numbers is about 64·9/4.
  for (std::int64_t i = 0; i < op.arguments()[2].elements(); ++i) {
    result[i] += static_cast<float>(25 * 0x1p-24 * 144 * random.uniform());
  }
  EXPECT_EQ(check(op, values, "jit_wino:avx512_core").status, Status::ok);
  EXPECT_EQ(check(op, values, "jit:avx512_core").status, Status::incorrect);
}

// Too many elements for the samples to include the wrong one: the probes must detect it.
TEST(ConvolutionProbes, WrongElement) {
  for (const Pass pass : kPasses) {
    const Convolution op = with_pass(shape(4, 8, 16, 16, 32, 3, 3, 1, 1, 1, 1), pass);
    auto values = solve(op);
    auto* result = reinterpret_cast<float*>(values[op.result()].data());
    const std::int64_t elements = op.arguments()[op.result()].elements();
    for (std::int64_t i = 1; i < elements; i += elements / 7) {
      const float right = std::exchange(result[i], result[i] + 0.1F);
      EXPECT_EQ(check_by_probes(op, pointers(values), convolution_tolerance(op, "direct")).status, Status::incorrect);
      result[i] = right;
    }
    EXPECT_EQ(check_by_probes(op, pointers(values), convolution_tolerance(op, "direct")).status, Status::ok);
  }
}

// With weights of equal magnitude, every second such pair would pass.
TEST(ConvolutionProbes, SwappedNeighbours) {
  for (const Pass pass : kPasses) {
    const Convolution op = with_pass(shape(1, 16, 32, 32, 16, 3, 3, 1, 1, 1, 1), pass);
    auto values = solve(op);
    auto* result = reinterpret_cast<float*>(values[op.result()].data());
    const bool weights = pass == Pass::backward_weights;
    const std::int64_t channels = op.arguments()[op.result()].shape[3];
    const std::int64_t step = weights ? op.r * op.s * op.c : 1;  // from one folded element to the next
    const std::int64_t first = weights ? (op.s + 1) * op.c + 5 : 500 * channels;
    for (std::int64_t i = 0; i + 1 < 16; ++i) {
      std::swap(result[first + i * step], result[first + (i + 1) * step]);
      EXPECT_EQ(check_by_probes(op, pointers(values), convolution_tolerance(op, "direct")).status, Status::incorrect)
          << "pass " << static_cast<int>(pass) << ", " << i;
      std::swap(result[first + i * step], result[first + (i + 1) * step]);
    }
  }
}

// ⟨v, conv(x, w)⟩ = ⟨conv_bwd_data(v, w), x⟩ = ⟨conv_bwd_weights(v, x), w⟩ for any v: the three passes of the oracle
// are consistent.
TEST(ConvolutionOracleElements, AdjointIdentity) {
  for (Convolution op : shapes()) {
    op.dtype = DType::f64;
    std::array<Bytes, 3> values;
    for (int i = 0; i < 3; ++i) values[i] = random_values(DType::f64, op.arguments()[i].elements(), 20 + i);
    std::array<double, 3> products{};
    for (const Pass pass : kPasses) {
      op.pass = pass;
      const auto* other = reinterpret_cast<const double*>(values[op.result()].data());
      for (std::int64_t i = 0; i < op.arguments()[op.result()].elements(); ++i) {
        products[op.result()] += other[i] * exact_convolution_element(op, pointers(values), i).value;
      }
    }
    EXPECT_NEAR(products[0], products[2], 1e-9);
    EXPECT_NEAR(products[1], products[2], 1e-9);
  }
}

// 1 2 3        1 0        1·1+5·1  2·1+6·1
// 4 5 6   with 0 1  gives 4·1+8·1  5·1+9·1
// 7 8 9
TEST(ConvolutionOracleElements, HandComputed) {
  std::vector<double> image(9), filter{1, 0, 0, 1};
  std::iota(image.begin(), image.end(), 1);
  Convolution op = shape(1, 1, 3, 3, 1, 2, 2, 1, 0, 1, 1);
  op.dtype = DType::f64;
  std::vector<double> found;
  for (int i = 0; i < 4; ++i)
    found.push_back(exact_convolution_element(op, {image.data(), filter.data(), nullptr}, i).value);
  EXPECT_THAT(found, testing::ElementsAre(6, 8, 12, 14));
}

TEST(ConvolutionOracleMessages, ElementAndValues) {
  const Convolution op = shape(1, 1, 2, 2, 1, 1, 1, 1, 0, 1, 1);
  auto values = solve(op);
  reinterpret_cast<float*>(values[2].data())[3] = 9;
  const Verdict verdict = check_convolution(op, pointers(values), "direct");
  EXPECT_THAT(verdict.reason, testing::StartsWith("y[n=0,p=1,q=1,k=0] is 9, should be "));
  EXPECT_THAT(verdict.reason, testing::EndsWith("(1 of 4 elements wrong)"));
}

}  // namespace
}  // namespace whygpu
