// Runs the parts of the CUDA kernels on the host, one element, row or column at a time, and compares with the CPU
// kernels.

#include <gtest/gtest.h>

#include "backends/devices/thread_team.h"
#include "backends/dtypes.h"
#include "backends/layers/cuda/registry.h"
#include "backends/layers/host/cpu_layers.h"

namespace whygpu {
namespace {

using cuda_layers::Index;

struct TeamOfOne {
  int index() const { return 0; }
  int size() const { return 1; }
  float sum(float x) const { return x; }
  float maximum(float x) const { return x; }
};

struct HostLauncher {
  template <class F>
  void elements(Index count, F f) {
    for (Index i = 0; i < count; ++i) f(i);
  }
  template <class F>
  void rows(Index count, F f) {
    TeamOfOne team;
    for (Index row = 0; row < count; ++row) f(row, team);
  }
  template <class F>
  void columns(Index rows, Index columns, F f) {
    for (Index column = 0; column < columns; ++column) {
      float sums[F::kSums] = {};
      for (Index row = 0; row < rows; ++row) f.add(row, column, sums);
      f.finish(column, sums);
    }
  }
  template <class F>
  void total(Index count, F f) {
    float sum = 0;
    for (Index i = 0; i < count; ++i) sum += f.value(i);
    f.finish(sum);
  }
};

float stored(const HostTensor& tensor, std::int64_t i) {
  const TensorSpec& spec = tensor.spec();
  if (spec.dtype == DType::bf16) return static_cast<float>(static_cast<BFloat16*>(tensor.address())[i]);
  if (spec.dtype == DType::s32) return static_cast<float>(static_cast<std::int32_t*>(tensor.address())[i]);
  return static_cast<float*>(tensor.address())[i];
}

// Small and positive, so that values can serve as variances and logarithms of sums too. Integers stay below three.
void fill(HostTensor& tensor, unsigned seed) {
  for (std::int64_t i = 0; i < tensor.spec().elements(); ++i) {
    seed = seed * 1664525U + 1013904223U;
    const float value = 0.1F + static_cast<float>(seed >> 8) / static_cast<float>(1 << 24);
    if (tensor.spec().dtype == DType::bf16) {
      static_cast<BFloat16*>(tensor.address())[i] = BFloat16(value);
    } else if (tensor.spec().dtype == DType::s32) {
      static_cast<std::int32_t*>(tensor.address())[i] = static_cast<std::int32_t>(seed >> 20) % 3;
    } else {
      static_cast<float*>(tensor.address())[i] = value;
    }
  }
}

// Every argument of both starts with the same values, including results, because some are added to.
template <class O>
void expect_same(const O& op) {
  std::vector<HostTensor> ours, theirs;
  std::vector<void*> storage;
  std::vector<Tensor*> tensors;
  for (const TensorSpec& spec : op.arguments()) {
    const auto seed = static_cast<unsigned>(ours.size());
    fill(ours.emplace_back(spec), seed);
    fill(theirs.emplace_back(spec), seed);
  }
  for (std::size_t i = 0; i < ours.size(); ++i) {
    storage.push_back(ours[i].address());
    tensors.push_back(&theirs[i]);
  }
  HostLauncher launcher;
  static const auto layers = cuda_layers::all_layers<HostLauncher>();
  const auto& entry = layers.entries.at(O::kName);
  entry.run(&op, storage.data(), launcher);
  ThreadTeam threads(3);
  HostDevice device(&threads);
  make_cpu_layers(device)->prepare(op)->enqueue(tensors);
  for (std::size_t argument = 0; argument < ours.size(); ++argument) {
    const float tolerance = ours[argument].spec().dtype == DType::bf16 ? 8e-3F : 2e-5F;
    for (std::int64_t i = 0; i < ours[argument].spec().elements(); ++i) {
      const float mine = stored(ours[argument], i), other = stored(theirs[argument], i);
      ASSERT_NEAR(mine, other, tolerance * (1 + std::abs(other))) << "argument " << argument << " at " << i;
    }
  }
}

// Large enough for the CPU kernels to be split among threads, and not a multiple of any vector length.
constexpr std::int64_t kRows = 203, kColumns = 347;

TEST(CudaLayers, BiasAndActivation) {
  for (const Activation activation : {Activation::none, Activation::relu, Activation::gelu}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      expect_same(BiasActivation{kRows, kColumns, activation, activation == Activation::none, DType::f32, dtype});
      expect_same(BiasActivationGradient{kRows, kColumns, activation, dtype, DType::f32, dtype});
    }
  }
  expect_same(ColumnSum{kRows, kColumns, DType::f32});
}

TEST(CudaLayers, LayerNorm) {
  expect_same(LayerNorm{kRows, kColumns, DType::f32, DType::bf16});
  for (const bool addend : {false, true}) expect_same(LayerNormGradient{kRows, kColumns, addend, DType::f32});
}

TEST(CudaLayers, BatchNorm) {
  for (const Activation activation : {Activation::none, Activation::relu}) {
    for (const bool residual : {false, true}) {
      expect_same(BatchNorm{kRows, kColumns, activation, residual, residual, DType::f32});
      expect_same(BatchNormGradient{kRows, kColumns, activation, residual, DType::f32});
    }
  }
}

TEST(CudaLayers, Pooling) {
  for (const PoolingKind kind : {PoolingKind::maximum, PoolingKind::average}) {
    for (const std::int64_t window : {2, 3}) {
      expect_same(Pooling{kind, 3, 33, 31, 17, window, DType::f32});
      expect_same(PoolingGradient{kind, 3, 33, 31, 17, window, DType::bf16});
    }
  }
}

TEST(CudaLayers, Losses) {
  expect_same(SoftmaxCrossEntropy{kRows, kColumns});
  expect_same(SoftmaxCrossEntropyGradient{kRows, kColumns, DType::bf16});
  expect_same(MeanSquare{kRows * kColumns, DType::bf16});
  expect_same(MeanSquareGradient{kRows * kColumns, DType::f32});
}

TEST(CudaLayers, Sequences) {
  expect_same(Embedding{7, 29, 3, kColumns});
  for (const bool accumulate : {false, true}) expect_same(EmbeddingGradient{7, 29, 3, kColumns, accumulate});
  expect_same(CausalSoftmax{5, 83, 0.5, DType::f32});
  expect_same(CausalSoftmaxGradient{5, 83, 0.5, DType::bf16});
  expect_same(LstmCell{kRows, 87, DType::bf16});
  expect_same(LstmCellGradient{kRows, 87, DType::f32});
  expect_same(Permute{{3, 5, 7, 11, 13}, {2, 0, 3, 1, 4}, DType::f32, DType::bf16});
  expect_same(Permute{{3, 5, 7, 11, 13}, {4, 3, 2, 1, 0}, DType::f32, DType::f32});
}

TEST(CudaLayers, Optimisers) {
  for (const bool copy : {false, true}) {
    expect_same(SgdMomentum{.count = kRows * kColumns, .copy = copy});
    expect_same(AdamW{.count = kRows * kColumns, .copy = copy});
  }
  expect_same(Add{kRows * kColumns, DType::bf16});
}

}  // namespace
}  // namespace whygpu
