#include "backends/cublas/cublas.h"
#include "backends/cublas/padded.h"

namespace whygpu {
namespace {

class CublasGemm final : public Operation {
 public:
  CublasGemm(MatmulContext& context, const Gemm& gemm, Choice choice)
      : context_(context), gemm_(gemm), problem_(gemm_problem(gemm)), matmul_(context, problem_, choice) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    if (!wants_k_contiguous(gemm_.dtype)) {
      return make_cuda_tensor(context_.device, gemm_.arguments()[static_cast<std::size_t>(index)]);
    }
    return std::make_unique<PaddedTensor>(context_.device, gemm_layout(gemm_, index));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    matmul_.enqueue(cuda_data(tensors[0]), cuda_data(tensors[1]), cuda_data(tensors[2]));
  }

  std::string implementation() const override {
    std::string text = matmul_.describe();
    if (!wants_k_contiguous(gemm_.dtype)) return text;
    if (gemm_.transpose_a) text += "; A stored transposed";
    if (!gemm_.transpose_b) text += "; B stored transposed";
    if (problem_.a.rows != gemm_.m || problem_.b.rows != gemm_.n || problem_.a.columns != gemm_.k) {
      text += "; padded to m=" + std::to_string(problem_.a.rows) + " n=" + std::to_string(problem_.b.rows) +
              " k=" + std::to_string(problem_.a.columns);
    }
    return text;
  }

 private:
  MatmulContext& context_;
  Gemm gemm_;
  MatmulProblem problem_;
  Matmul matmul_;
};

}  // namespace

Support cublas_supports(MatmulContext& context, const Gemm& gemm) {
  if (gemm.dtype == DType::s32) return Support::no("cuBLASLt has no s32 GEMM");
  if (gemm.dtype == DType::f8e4m3 && context.device.compute_capability() < 89) {
    return Support::no("f8e4m3 needs compute capability 8.9 or newer");
  }
  return Matmul::supports(context, gemm_problem(gemm));
}

std::unique_ptr<Operation> prepare_cublas_gemm(MatmulContext& context, const Gemm& gemm, Choice choice) {
  return std::make_unique<CublasGemm>(context, gemm, choice);
}

}  // namespace whygpu
