// Every layer's OpenCL kernels against their definition in float64.
#include "backends/layers/opencl/opencl_layers.h"
#include "backends/devices/opencl_test_device.h"

#include <gmock/gmock.h>

#include "backends/layers/adamw/adamw.h"
#include "backends/layers/add/add.h"
#include "backends/layers/attention/attention.h"
#include "backends/layers/batch_norm/batch_norm.h"
#include "backends/layers/bias_activation/bias_activation.h"
#include "backends/layers/cross_entropy/cross_entropy.h"
#include "backends/layers/embedding/embedding.h"
#include "backends/layers/layer_norm/layer_norm.h"
#include "backends/layers/lstm/lstm.h"
#include "backends/layers/mean_square/mean_square.h"
#include "backends/layers/opencl/check.h"
#include "backends/layers/permute/permute.h"
#include "backends/layers/pooling/pooling.h"
#include "backends/layers/sgd/sgd.h"

namespace whygpu {
namespace {

// Larger than a team and a slice of rows, and no multiple of either.
constexpr std::int64_t kRows = 103, kColumns = 147;

class OpenClLayers : public OpenClDeviceTest {
 protected:
  static double error(const Layer& layer, const EditSource& edit = {}) {
    const auto kernels = edit ? make_opencl_layers(device(), edit) : nullptr;
    static const auto unchanged = make_opencl_layers(device());
    const auto operation = (kernels ? kernels : unchanged)->prepare(layer);
    if (!operation) return INFINITY;
    const auto arguments = layer.arguments();
    const bool copy = layer.name() == "sgd_momentum" || layer.name() == "adamw";
    return error_of(
        device(), layer, [&](std::span<Tensor* const> tensors) { operation->enqueue(tensors); },
        [&](std::span<double* const> values) {
          // The references of optimisers leave the bf16 copy of the weights out.
          if (copy && arguments.back().dtype == DType::bf16)
            std::copy_n(values[1], arguments[1].elements(), values.back());
        });
  }
  static void expect_right(const Layer& layer) { EXPECT_LE(error(layer), 1) << layer.name(); }

  // The layer is right, and wrong with `replacement` in place of `old` in its kernels.
  static void expect_noticed(const Layer& layer, const std::string& old, const std::string& replacement) {
    EXPECT_LE(error(layer), 1) << layer.name();
    EXPECT_GT(error(layer, [&](const std::string& text) { return planted(text, old, replacement); }), 1) << old;
  }
};

TEST_F(OpenClLayers, BiasAndActivation) {
  for (const Activation activation : {Activation::none, Activation::relu, Activation::gelu}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      expect_right(BiasActivation{kRows, kColumns, activation, activation == Activation::none, DType::f32, dtype});
      expect_right(BiasActivationGradient{kRows, kColumns, activation, dtype, DType::f32, dtype});
    }
  }
  expect_right(ColumnSum{kRows, kColumns, DType::f32});
}

TEST_F(OpenClLayers, LayerNorm) {
  for (const DType dtype : {DType::f32, DType::bf16}) expect_right(LayerNorm{kRows, kColumns, DType::f32, dtype});
  for (const bool addend : {false, true}) expect_right(LayerNormGradient{kRows, kColumns, addend, DType::f32});
}

TEST_F(OpenClLayers, BatchNorm) {
  for (const Activation activation : {Activation::none, Activation::relu}) {
    for (const bool residual : {false, true}) {
      expect_right(BatchNorm{kRows, kColumns, activation, residual, residual, DType::f32});
      expect_right(BatchNormGradient{kRows, kColumns, activation, residual, DType::f32});
    }
  }
}

TEST_F(OpenClLayers, Pooling) {
  for (const PoolingKind kind : {PoolingKind::maximum, PoolingKind::average}) {
    for (const std::int64_t window : {2, 3}) {
      expect_right(Pooling{kind, 3, 13, 11, 17, window, DType::f32});
      expect_right(PoolingGradient{kind, 3, 13, 11, 17, window, DType::f32});
    }
  }
}

TEST_F(OpenClLayers, Losses) {
  expect_right(SoftmaxCrossEntropy{kRows, kColumns});
  expect_right(SoftmaxCrossEntropyGradient{kRows, kColumns, DType::f32});
  expect_right(MeanSquare{kRows * kColumns, DType::f32});
  expect_right(MeanSquareGradient{kRows * kColumns, DType::f32});
}

TEST_F(OpenClLayers, Sequences) {
  expect_right(Embedding{7, 29, 3, kColumns});
  for (const bool accumulate : {false, true}) expect_right(EmbeddingGradient{7, 29, 3, kColumns, accumulate});
  expect_right(CausalSoftmax{5, 83, 0.5, DType::f32});
  expect_right(CausalSoftmaxGradient{5, 83, 0.5, DType::f32});
  expect_right(LstmCell{kRows, 87, DType::f32});
  expect_right(LstmCellGradient{kRows, 87, DType::bf16});
  expect_right(Permute{{3, 5, 7, 11, 13}, {2, 0, 3, 1, 4}, DType::f32, DType::bf16});
  expect_right(Permute{{3, 5, 7, 11, 13}, {4, 3, 2, 1, 0}, DType::f32, DType::f32});
}

TEST_F(OpenClLayers, Optimisers) {
  for (const bool copy : {false, true}) {
    expect_right(SgdMomentum{.count = kRows * kColumns, .copy = copy});
    expect_right(AdamW{.count = kRows * kColumns, .copy = copy});
  }
  expect_right(Add{kRows * kColumns, DType::bf16});
}

TEST_F(OpenClLayers, PlantedErrors) {
  const LayerNorm rows{kRows, kColumns, DType::f32, DType::f32};
  const ColumnSum columns{kRows, kColumns, DType::f32};
  expect_noticed(rows, "if (i < distance) shared[i] += shared[i + distance];", "");
  expect_noticed(rows, "  barrier(CLK_LOCAL_MEM_FENCE);  // all have read the last result\n  shared[i] = x;",
                 "  shared[i] = x;");
  expect_noticed(columns, "slice < slices", "slice + 1 < slices");
  expect_noticed(columns, "row < rows; row += slices", "row + 1 < rows; row += slices");
  expect_noticed(Add{kRows, DType::f32}, "if (i >= (count)) return", "");
  expect_noticed(MeanSquare{kRows * kColumns, DType::f32}, "i < (count); i += TEAM * TEAM",
                 "i < TEAM * TEAM; i += TEAM * TEAM");
}

struct Unknown {
  static constexpr std::string_view kName = "unknown";
  std::vector<TensorSpec> arguments() const { return {}; }
  bool operator==(const Unknown&) const = default;
};

TEST_F(OpenClLayers, UnknownLayer) { EXPECT_EQ(make_opencl_layers(device())->prepare(Layer(Unknown{})), nullptr); }

}  // namespace
}  // namespace whygpu
