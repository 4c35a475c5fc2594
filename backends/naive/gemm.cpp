// GEMM as defined: for every row, for every column, the sum over k.
#include "backends/dtypes.h"
#include "backends/naive/naive.h"
#include "whygpu/host_device.h"

namespace whygpu::naive {
namespace {

template <class In, class Out>
void multiply(const Gemm& g, const In* a, const In* b, Out* c) {
  const std::int64_t a_row = g.transpose_a ? 1 : g.k, a_column = g.transpose_a ? g.m : 1;
  const std::int64_t b_row = g.transpose_b ? 1 : g.n, b_column = g.transpose_b ? g.k : 1;
  for (std::int64_t i = 0; i < g.m; ++i) {
    for (std::int64_t j = 0; j < g.n; ++j) {
      Out sum = 0;
      for (std::int64_t p = 0; p < g.k; ++p) {
        sum += static_cast<Out>(a[i * a_row + p * a_column]) * static_cast<Out>(b[p * b_row + j * b_column]);
      }
      c[i * g.n + j] = sum;
    }
  }
}

template <class In, class Out>
class NaiveGemm final : public HostOperation {
 public:
  explicit NaiveGemm(const Gemm& gemm) : HostOperation(gemm.arguments()), gemm_(gemm) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    for (std::int64_t batch = 0; batch < gemm_.batch; ++batch) {
      multiply(gemm_, host_data<In>(tensors[0]) + batch * gemm_.m * gemm_.k,
               host_data<In>(tensors[1]) + batch * gemm_.k * gemm_.n,
               host_data<Out>(tensors[2]) + batch * gemm_.m * gemm_.n);
    }
  }

  std::string implementation() const override {
    std::string text = "plain triple loop, 1 thread";
    if (dtype_bytes(gemm_.dtype) < 4) text += ", operands widened one by one";
    return text;
  }

 private:
  Gemm gemm_;
};

}  // namespace

Support supports(const Gemm& gemm) {
  if (gemm.dtype == DType::tf32 || gemm.dtype == DType::s32) {
    return Support::no("the naive backend has no " + std::string(dtype_name(gemm.dtype)) + " GEMM");
  }
  return {};
}

std::unique_ptr<Operation> prepare(const Gemm& gemm) {
  switch (gemm.dtype) {
    case DType::f64: return std::make_unique<NaiveGemm<double, double>>(gemm);
    case DType::f32: return std::make_unique<NaiveGemm<float, float>>(gemm);
    case DType::f16: return std::make_unique<NaiveGemm<Float16, float>>(gemm);
    case DType::bf16: return std::make_unique<NaiveGemm<BFloat16, float>>(gemm);
    case DType::f8e4m3: return std::make_unique<NaiveGemm<Float8E4M3, float>>(gemm);
    case DType::s8: return std::make_unique<NaiveGemm<std::int8_t, std::int32_t>>(gemm);
    default: throw std::logic_error("naive GEMM: unsupported dtype");
  }
}

}  // namespace whygpu::naive
