#include "backends/cublas/cublas.h"
#include "backends/cublas/padded.h"

namespace whygpu {
namespace {

// cuBLASLt multiplies f8 and s8 only where k is the contiguous dimension of both operands and pitches are multiples
// of 16.
bool wants_k_contiguous(DType dtype) { return dtype == DType::f8e4m3 || dtype == DType::s8; }

std::int64_t multiple_of_16(std::int64_t extent) { return (extent + 15) / 16 * 16; }

MatmulProblem problem_of(const Gemm& g) {
  if (wants_k_contiguous(g.dtype)) {
    const std::int64_t m = multiple_of_16(g.m);
    const std::int64_t n = multiple_of_16(g.n);
    const std::int64_t k = multiple_of_16(g.k);
    return {Matrix::dense(g.dtype, m, k),
            Matrix::dense(g.dtype, n, k),
            Matrix::dense(accumulator_of(g.dtype), m, n),
            false,
            true,
            g.batch};
  }
  return {g.transpose_a ? Matrix::dense(g.dtype, g.k, g.m) : Matrix::dense(g.dtype, g.m, g.k),
          g.transpose_b ? Matrix::dense(g.dtype, g.n, g.k) : Matrix::dense(g.dtype, g.k, g.n),
          Matrix::dense(accumulator_of(g.dtype), g.m, g.n),
          g.transpose_a,
          g.transpose_b,
          g.batch};
}

class CublasGemm final : public Operation {
 public:
  CublasGemm(MatmulContext& context, const Gemm& gemm, Choice choice)
      : context_(context), gemm_(gemm), problem_(problem_of(gemm)), matmul_(context, problem_, choice) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    const TensorSpec spec = gemm_.arguments()[static_cast<std::size_t>(index)];
    if (!wants_k_contiguous(gemm_.dtype)) return make_cuda_tensor(context_.device, spec);
    const Matrix& matrix = index == 0 ? problem_.a : index == 1 ? problem_.b : problem_.c;
    return std::make_unique<PaddedTensor>(context_.device, PaddedLayout{.batch = gemm_.batch,
                                                                        .rows = spec.shape[1],
                                                                        .columns = spec.shape[2],
                                                                        .padded_rows = matrix.rows,
                                                                        .padded_columns = matrix.columns,
                                                                        .transposed = index == 0   ? gemm_.transpose_a
                                                                                      : index == 1 ? !gemm_.transpose_b
                                                                                                   : false,
                                                                        .element_bytes = dtype_bytes(spec.dtype)});
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
  if (gemm.dtype == DType::s32) return Support::no("cuBLASLt has no s32 products");
  if (gemm.dtype == DType::f8e4m3 && context.device.compute_capability() < 89) {
    return Support::no("f8e4m3 needs compute capability 8.9 or newer");
  }
  return Matmul::supports(context, problem_of(gemm));
}

std::unique_ptr<Operation> prepare_cublas_gemm(MatmulContext& context, const Gemm& gemm, Choice choice) {
  return std::make_unique<CublasGemm>(context, gemm, choice);
}

}  // namespace whygpu
