// GEMM by cblas_?gemm. A batch is a loop over calls.
#include <cblas.h>

#include <limits>

#include "backends/openblas/openblas.h"
#include "whygpu/host_device.h"

// Only a library built with BUILD_BFLOAT16 has it; elsewhere its address is null.
#pragma weak cblas_sbgemm

namespace whygpu::openblas {
namespace {

void call(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, const Gemm& g, blasint lda, blasint ldb, const float* a,
          const float* b, float* c) {
  cblas_sgemm(CblasRowMajor, ta, tb, g.m, g.n, g.k, 1, a, lda, b, ldb, 0, c, g.n);
}
void call(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, const Gemm& g, blasint lda, blasint ldb, const double* a,
          const double* b, double* c) {
  cblas_dgemm(CblasRowMajor, ta, tb, g.m, g.n, g.k, 1, a, lda, b, ldb, 0, c, g.n);
}
void call(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, const Gemm& g, blasint lda, blasint ldb, const bfloat16* a,
          const bfloat16* b, float* c) {
  cblas_sbgemm(CblasRowMajor, ta, tb, g.m, g.n, g.k, 1, a, lda, b, ldb, 0, c, g.n);
}

template <class In, class Out>
class BlasGemm final : public HostOperation {
 public:
  BlasGemm(const Gemm& gemm, std::string routine)
      : HostOperation(gemm.arguments()), gemm_(gemm), routine_(std::move(routine)) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto ta = gemm_.transpose_a ? CblasTrans : CblasNoTrans;
    const auto tb = gemm_.transpose_b ? CblasTrans : CblasNoTrans;
    const auto lda = static_cast<blasint>(gemm_.transpose_a ? gemm_.m : gemm_.k);
    const auto ldb = static_cast<blasint>(gemm_.transpose_b ? gemm_.k : gemm_.n);
    for (std::int64_t batch = 0; batch < gemm_.batch; ++batch) {
      call(ta, tb, gemm_, lda, ldb, host_data<In>(tensors[0]) + batch * gemm_.m * gemm_.k,
           host_data<In>(tensors[1]) + batch * gemm_.k * gemm_.n,
           host_data<Out>(tensors[2]) + batch * gemm_.m * gemm_.n);
    }
  }

  std::string implementation() const override { return routine_ + ", " + running_with(); }

 private:
  Gemm gemm_;
  std::string routine_;
};

}  // namespace

Support supports(const Gemm& gemm) {
  constexpr auto kMaxIndex = std::numeric_limits<blasint>::max();
  if (gemm.m > kMaxIndex || gemm.n > kMaxIndex || gemm.k > kMaxIndex) {
    return Support::no("a dimension is above " + std::to_string(kMaxIndex) + ", the index limit of this OpenBLAS");
  }
  switch (gemm.dtype) {
    case DType::f64:
    case DType::f32: return {};
    case DType::bf16:
      if (cblas_sbgemm != nullptr) return {};
      return Support::no(version() + " was built without bf16 (BUILD_BFLOAT16)");
    default: return Support::no("OpenBLAS has no " + std::string(dtype_name(gemm.dtype)) + " GEMM");
  }
}

std::unique_ptr<Operation> prepare(const Gemm& gemm, Layout) {
  switch (gemm.dtype) {
    case DType::f64: return std::make_unique<BlasGemm<double, double>>(gemm, "dgemm");
    case DType::f32: return std::make_unique<BlasGemm<float, float>>(gemm, "sgemm");
    default: return std::make_unique<BlasGemm<bfloat16, float>>(gemm, "sbgemm");
  }
}

}  // namespace whygpu::openblas
