// Fused operations of the simd backend against the product, bias, activation and residual one after the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "backends/layers/bias_activation/fused.h"
#include "backends/layers/layer.h"
#include "backends/loader.h"

namespace whygpu {
namespace {

using Values = std::vector<float>;

Values random_values(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> distribution(-1, 1);
  Values values(count);
  for (float& x : values) x = distribution(random);
  return values;
}

// Runs an operation on these arguments; returns the last.
Values run(Operation& operation, std::vector<Values> arguments) {
  std::vector<std::unique_ptr<Tensor>> tensors;
  std::vector<Tensor*> list;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    tensors.push_back(operation.allocate(static_cast<int>(i)));
    tensors.back()->upload(arguments[i].data());
    list.push_back(tensors.back().get());
  }
  operation.enqueue(list);
  list.back()->download(arguments.back().data());
  EXPECT_TRUE(list.back()->intact());
  return arguments.back();
}

class Fused : public testing::Test {
 protected:
  void SetUp() override { setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/bin/backends", 0); }

  void check(const Op& product, std::int64_t columns, const std::string& implementation, bool with_residual = true) {
    LoadedBackend backend(find_modules().at("simd"), {2, 0});
    const std::vector<TensorSpec> specs = arguments(product);
    const Values a = random_values(specs[0].elements(), 1), b = random_values(specs[1].elements(), 2);
    const Values bias = random_values(columns, 3), unset(specs[2].elements(), NAN);
    const Values plain = run(*backend->prepare(product, {.variant = {}, .layout = Layout::row_major}), {a, b, unset});
    const std::int64_t rows = specs[2].elements() / columns;
    for (const Activation activation : {Activation::none, Activation::relu}) {
      for (const bool residual : {false, with_residual}) {
        const FusedBiasActivation fused{product, {rows, columns, activation, residual}};
        const auto operation = backend->layers()->prepare(fused);
        ASSERT_NE(operation, nullptr);
        EXPECT_NE(operation->implementation().find(implementation), std::string::npos) << operation->implementation();
        std::vector<Values> operands = {a, b, bias};
        const Values added = residual ? random_values(rows * columns, 4) : Values(rows * columns, 0);
        if (residual) operands.push_back(added);
        operands.push_back(unset);
        const Values y = run(*operation, operands);
        for (std::int64_t i = 0; i < rows * columns; ++i) {
          const float x = plain[i] + bias[i % columns];
          const float expected = (activation == Activation::relu ? std::max(x, 0.0F) : x) + added[i];
          ASSERT_NEAR(y[i], expected, 1e-5 * (1 + std::abs(x)))
              << operation->implementation() << " at " << i / columns << ", " << i % columns;
        }
      }
    }
  }
};

TEST_F(Fused, Products) {
  check(Gemm{.m = 5, .n = 7, .k = 9}, 7, "one tile");
  check(Gemm{.m = 64, .n = 70, .k = 30}, 70, "read in place");
  check(Gemm{.m = 64, .n = 67, .k = 130}, 67, "apart");
  check(Gemm{.m = 3, .n = 500, .k = 3000}, 500, "side by side");
  check(Gemm{.m = 4, .n = 300, .k = 400, .transpose_b = true}, 300, "dot products");
  check(Gemm{.m = 30, .n = 1100, .k = 2000, .transpose_b = true}, 1100, "packed and used at once");
  check(Gemm{.m = 300, .n = 200, .k = 1300, .transpose_b = true}, 200, "blocks");
}

TEST_F(Fused, Convolutions) {
  const auto square = [](std::int64_t side, std::int64_t c, std::int64_t k, std::int64_t filter) {
    const std::int64_t pad = filter / 2;
    return Convolution{
        .n = 2, .c = c, .h = side, .w = side, .k = k, .r = filter, .s = filter, .pad_h = pad, .pad_w = pad};
  };
  check(square(9, 40, 70, 1), 70, "pixels in place");
  check(square(9, 3, 35, 3), 35, "padded images");
  check(square(4, 12, 35, 3), 35, "unrolled rows");
  Convolution grouped = square(9, 24, 70, 3);
  grouped.groups = 2;
  check(grouped, 70, "unrolled rows");
  check(square(17, 40, 70, 3), 70, "Winograd", false);
}

TEST_F(Fused, NoneForOthers) {
  LoadedBackend backend(find_modules().at("simd"), {1, 0});
  const auto has = [&](const Op& product, const BiasActivation& then) {
    return backend->layers()->prepare(FusedBiasActivation{product, then}) != nullptr;
  };
  const BiasActivation then{4, 6, Activation::relu};
  EXPECT_TRUE(has(Gemm{.m = 4, .n = 6, .k = 5}, then));
  EXPECT_FALSE(has(Gemm{.m = 4, .n = 6, .k = 5, .dtype = DType::bf16}, then));
  EXPECT_FALSE(has(Gemm{.m = 2, .n = 6, .k = 5, .batch = 2}, then));
  EXPECT_FALSE(has(Gemm{.m = 4, .n = 6, .k = 5}, {4, 6, Activation::gelu}));
  EXPECT_EQ(backend->layers()->prepare(then), nullptr);
}

}  // namespace
}  // namespace whygpu
