// GEMM by bli_?gemm, which reads transposed and row-major operands by their strides. A batch is a loop over calls.
#include <blis.h>

#include "backends/blis/blis.h"
#include "whygpu/host_device.h"

namespace whygpu::blis {
namespace {

constexpr auto kMultiply = [](auto* multiply, const Gemm& g, const auto* a, const auto* b, auto* c) {
  using T = std::remove_pointer_t<decltype(c)>;
  T one = 1, zero = 0;
  // Some versions declare their inputs without const.
  multiply(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, g.m, g.n, g.k, &one, const_cast<T*>(a), g.transpose_a ? 1 : g.k,
           g.transpose_a ? g.m : 1, const_cast<T*>(b), g.transpose_b ? 1 : g.n, g.transpose_b ? g.k : 1, &zero, c, g.n,
           1);
};

void call(const Gemm& g, const float* a, const float* b, float* c) { kMultiply(bli_sgemm, g, a, b, c); }
void call(const Gemm& g, const double* a, const double* b, double* c) { kMultiply(bli_dgemm, g, a, b, c); }

template <class T>
class BlisGemm final : public HostOperation {
 public:
  explicit BlisGemm(const Gemm& gemm) : HostOperation(gemm.arguments()), gemm_(gemm) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    const T* a = host_data<T>(tensors[0]);
    const T* b = host_data<T>(tensors[1]);
    T* c = host_data<T>(tensors[2]);
    for (std::int64_t batch = 0; batch < gemm_.batch; ++batch) {
      call(gemm_, a + batch * gemm_.m * gemm_.k, b + batch * gemm_.k * gemm_.n, c + batch * gemm_.m * gemm_.n);
    }
  }

  std::string implementation() const override {
    return std::string(sizeof(T) == 4 ? "bli_sgemm" : "bli_dgemm") + ", " + running_with();
  }

 private:
  Gemm gemm_;
};

}  // namespace

Support supports(const Gemm& gemm) {
  if (gemm.dtype == DType::f32 || gemm.dtype == DType::f64) return {};
  return Support::no("BLIS has no " + std::string(dtype_name(gemm.dtype)) + " GEMM");
}

std::unique_ptr<Operation> prepare(const Gemm& gemm) {
  if (gemm.dtype == DType::f32) return std::make_unique<BlisGemm<float>>(gemm);
  return std::make_unique<BlisGemm<double>>(gemm);
}

}  // namespace whygpu::blis
