#include "backends/cublas/descriptors.h"

#include <stdexcept>
#include <string>

namespace whygpu {
namespace {

cudaDataType storage_type(DType dtype) {
  switch (dtype) {
    case DType::f64: return CUDA_R_64F;
    case DType::f32:
    case DType::tf32: return CUDA_R_32F;
    case DType::f16: return CUDA_R_16F;
    case DType::bf16: return CUDA_R_16BF;
    case DType::f8e4m3: return CUDA_R_8F_E4M3;
    case DType::s8: return CUDA_R_8I;
    case DType::s32: return CUDA_R_32I;
  }
  throw std::logic_error("unknown dtype");
}

Math math_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return {CUBLAS_COMPUTE_64F, CUDA_R_64F, "f64"};
    case DType::tf32: return {CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F, "tf32 tensor cores, f32 accumulation"};
    case DType::s8: return {CUBLAS_COMPUTE_32I, CUDA_R_32I, "s8 tensor cores, s32 accumulation"};
    case DType::f32: return {CUBLAS_COMPUTE_32F, CUDA_R_32F, "f32"};
    case DType::f8e4m3:
      return {CUBLAS_COMPUTE_32F, CUDA_R_32F, "f8e4m3 tensor cores, f32 accumulation, fast accumulation off"};
    default: return {CUBLAS_COMPUTE_32F, CUDA_R_32F, "tensor cores, f32 accumulation"};
  }
}

void set_transpose(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t attribute, bool transpose) {
  const cublasOperation_t operation = transpose ? CUBLAS_OP_T : CUBLAS_OP_N;
  cublas_check(cublasLtMatmulDescSetAttribute(product, attribute, &operation, sizeof operation), "transposing");
}

template <class T>
void prefer(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, T value) {
  cublas_check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value), "preferring");
}

cublasLtMatrixLayout_t layout(const ColumnMajor& matrix, DType dtype, std::int64_t batch) {
  cublasLtMatrixLayout_t layout = nullptr;
  cublas_check(cublasLtMatrixLayoutCreate(&layout, storage_type(dtype), static_cast<std::uint64_t>(matrix.rows),
                                          static_cast<std::uint64_t>(matrix.columns), matrix.leading_dimension),
               "describing a matrix");
  const auto count = static_cast<std::int32_t>(batch);
  const auto set = [&](cublasLtMatrixLayoutAttribute_t attribute, const auto& value) {
    cublas_check(cublasLtMatrixLayoutSetAttribute(layout, attribute, &value, sizeof value), "describing a batch");
  };
  set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count);
  set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, matrix.batch_stride);
  return layout;
}

}  // namespace

void cublas_check(cublasStatus_t status, std::string_view what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw std::runtime_error(std::string(what) + ": " + cublasLtGetStatusString(status) + " (" +
                           cublasLtGetStatusName(status) + ")");
}

MatmulDescriptors::MatmulDescriptors(const MatmulProblem& p, std::size_t workspace_bytes) : math(math_of(p.a.dtype)) {
  cublas_check(cublasLtMatmulDescCreate(&product, math.compute, math.scale), "describing a product");
  const ColumnMajorProblem seen = column_major(p);
  set_transpose(product, CUBLASLT_MATMUL_DESC_TRANSA, seen.transpose_first);
  set_transpose(product, CUBLASLT_MATMUL_DESC_TRANSB, seen.transpose_second);
  first = layout(seen.first, p.b.dtype, p.batch);
  second = layout(seen.second, p.a.dtype, p.batch);
  result = layout(seen.result, p.c.dtype, p.batch);
  cublas_check(cublasLtMatmulPreferenceCreate(&preference), "describing a preference");
  prefer(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{workspace_bytes});
  prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, p.b.alignment);
  prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, p.a.alignment);
  prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, p.c.alignment);
  prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, p.c.alignment);
  // In place, partial sums are kept in the result's type too.
  const std::uint32_t schemes =
      result_rounds_sums(p) ? CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE : CUBLASLT_REDUCTION_SCHEME_MASK;
  prefer(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
}

MatmulDescriptors::~MatmulDescriptors() {
  cublasLtMatmulPreferenceDestroy(preference);
  for (auto* matrix : {first, second, result}) cublasLtMatrixLayoutDestroy(matrix);
  cublasLtMatmulDescDestroy(product);
}

std::pair<cublasStatus_t, std::vector<cublasLtMatmulHeuristicResult_t>> MatmulDescriptors::ask(cublasLtHandle_t handle,
                                                                                               int count) const {
  std::vector<cublasLtMatmulHeuristicResult_t> answers(static_cast<std::size_t>(count));
  int found = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(handle, product, first, second, result, result,
                                                               preference, count, answers.data(), &found);
  answers.resize(status == CUBLAS_STATUS_SUCCESS ? static_cast<std::size_t>(found) : 0);
  std::erase_if(answers, [](const auto& answer) { return answer.state != CUBLAS_STATUS_SUCCESS; });
  return {status, std::move(answers)};
}

}  // namespace whygpu
