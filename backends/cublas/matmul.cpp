#include "backends/cublas/matmul.h"

#include <algorithm>

#include "backends/devices/cuda_tuning.h"
#include "backends/devices/tuning.h"

namespace whygpu {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr int kCandidates = 16;

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

struct Math {
  cublasComputeType_t compute;
  cudaDataType scale;
  const char* name;
};

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

template <class T>
T configured(const cublasLtMatmulAlgo_t& algorithm, cublasLtMatmulAlgoConfigAttributes_t attribute) {
  T value{};
  std::size_t written = 0;
  cublas_check(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, attribute, &value, sizeof value, &written),
               "reading an algorithm");
  return value;
}

}  // namespace

void cublas_check(cublasStatus_t status, std::string_view what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw std::runtime_error(std::string(what) + ": " + cublasLtGetStatusString(status) + " (" +
                           cublasLtGetStatusName(status) + ")");
}

MatmulContext::MatmulContext(CudaDevice& device)
    : device(device), workspace((device.compute_capability() >= 90 ? 32 : 4) * kMebibyte) {
  cublas_check(cublasLtCreate(&handle), "starting cuBLASLt");
}

MatmulContext::~MatmulContext() { cublasLtDestroy(handle); }

struct Matmul::Descriptors {
  Math math;
  MatmulProblem problem;
  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t first = nullptr, second = nullptr, result = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;

  Descriptors(const MatmulProblem& p, std::size_t workspace_bytes) : math(math_of(p.a.dtype)), problem(p) {
    cublas_check(cublasLtMatmulDescCreate(&product, math.compute, math.scale), "describing a product");
    const ColumnMajorProblem seen = column_major(p);
    set_transpose(CUBLASLT_MATMUL_DESC_TRANSA, seen.transpose_first);
    set_transpose(CUBLASLT_MATMUL_DESC_TRANSB, seen.transpose_second);
    first = layout(seen.first, p.b.dtype, p.batch);
    second = layout(seen.second, p.a.dtype, p.batch);
    result = layout(seen.result, p.c.dtype, p.batch);
    cublas_check(cublasLtMatmulPreferenceCreate(&preference), "describing a preference");
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{workspace_bytes});
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, p.b.alignment);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, p.a.alignment);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, p.c.alignment);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, p.c.alignment);
  }
  ~Descriptors() {
    cublasLtMatmulPreferenceDestroy(preference);
    for (auto* matrix : {first, second, result}) cublasLtMatrixLayoutDestroy(matrix);
    cublasLtMatmulDescDestroy(product);
  }
  Descriptors(const Descriptors&) = delete;

  // The library's proposals, best first, and its status.
  std::pair<cublasStatus_t, std::vector<cublasLtMatmulHeuristicResult_t>> ask(cublasLtHandle_t handle,
                                                                              int count) const {
    std::vector<cublasLtMatmulHeuristicResult_t> answers(static_cast<std::size_t>(count));
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(handle, product, first, second, result, result,
                                                                 preference, count, answers.data(), &found);
    answers.resize(status == CUBLAS_STATUS_SUCCESS ? static_cast<std::size_t>(found) : 0);
    std::erase_if(answers, [](const auto& answer) { return answer.state != CUBLAS_STATUS_SUCCESS; });
    return {status, std::move(answers)};
  }

 private:
  void set_transpose(cublasLtMatmulDescAttributes_t attribute, bool transpose) {
    const cublasOperation_t operation = transpose ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublas_check(cublasLtMatmulDescSetAttribute(product, attribute, &operation, sizeof operation), "transposing");
  }

  template <class T>
  void prefer(cublasLtMatmulPreferenceAttributes_t attribute, T value) {
    cublas_check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value), "preferring");
  }

  static cublasLtMatrixLayout_t layout(const ColumnMajor& matrix, DType dtype, std::int64_t batch) {
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
};

Support Matmul::supports(MatmulContext& context, const MatmulProblem& problem) {
  const auto [status, answers] = Descriptors(problem, context.workspace.bytes()).ask(context.handle, 1);
  if (!answers.empty()) return {};
  return Support::no(std::string("cuBLASLt has no algorithm for this problem: ") + cublasLtGetStatusString(status));
}

Matmul::Matmul(MatmulContext& context, const MatmulProblem& problem, Choice choice)
    : context_(context),
      descriptors_(std::make_unique<Descriptors>(problem, context.workspace.bytes())),
      cold_(choice == Choice::best_cold) {
  const int count = choice == Choice::heuristic ? 1 : kCandidates;
  auto [status, answers] = descriptors_->ask(context.handle, count);
  cublas_check(status, "choosing an algorithm");
  if (answers.empty()) throw std::runtime_error("cuBLASLt has no algorithm for this problem");
  candidates_ = std::move(answers);
  if (candidates_.size() == 1) return;

  const auto spec = [&](const Matrix& matrix) {
    const std::int64_t last = (problem.batch - 1) * matrix.batch_stride + (matrix.rows - 1) * matrix.pitch;
    return TensorSpec{matrix.dtype, {last + matrix.columns}};
  };
  const TuningBuffers buffers(context.device, {spec(problem.a), spec(problem.b), spec(problem.c)}, cold_);
  chosen_ = fastest(context.device, candidates_.size(), cold_, [&](std::size_t candidate, std::size_t turn) {
    run(candidates_[candidate].algo, buffers.data(turn, 0), buffers.data(turn, 1), buffers.data(turn, 2), false);
  });
}

Matmul::~Matmul() = default;

void Matmul::enqueue(const void* a, const void* b, void* c, bool accumulate) const {
  run(candidates_[chosen_].algo, a, b, c, accumulate);
}

void Matmul::run(const cublasLtMatmulAlgo_t& algorithm, const void* a, const void* b, void* c, bool accumulate) const {
  // One and zero in cuBLASLt's scale type.
  union Scale {
    float f32;
    double f64;
    std::int32_t s32;
  };
  const auto scale = [&](int value) {
    Scale scale{};
    switch (descriptors_->math.scale) {
      case CUDA_R_64F: scale.f64 = value; break;
      case CUDA_R_32I: scale.s32 = value; break;
      default: scale.f32 = static_cast<float>(value);
    }
    return scale;
  };
  const Scale alpha = scale(1);
  const Scale beta = scale(accumulate ? 1 : 0);
  cublas_check(cublasLtMatmul(context_.handle, descriptors_->product, &alpha, b, descriptors_->first, a,
                              descriptors_->second, &beta, c, descriptors_->result, c, descriptors_->result, &algorithm,
                              context_.workspace.data(), context_.workspace.bytes(), context_.device.stream()),
               "multiplying");
}

std::string Matmul::describe() const {
  const auto& chosen = candidates_[chosen_];
  const auto number = [&](cublasLtMatmulAlgoConfigAttributes_t attribute) {
    return std::to_string(configured<std::uint32_t>(chosen.algo, attribute));
  };
  std::string text =
      "cublasLt algorithm " + std::to_string(configured<std::int32_t>(chosen.algo, CUBLASLT_ALGO_CONFIG_ID)) +
      ", tile id " + number(CUBLASLT_ALGO_CONFIG_TILE_ID) + ", stages id " + number(CUBLASLT_ALGO_CONFIG_STAGES_ID) +
      ", split-k " + std::to_string(configured<std::int32_t>(chosen.algo, CUBLASLT_ALGO_CONFIG_SPLITK_NUM)) +
      ", cluster id " + std::to_string(configured<std::uint16_t>(chosen.algo, CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID)) +
      "; " + descriptors_->math.name + "; workspace " + std::to_string(chosen.workspaceSize) + " B; ";
  if (candidates_.size() == 1) return text + "the heuristic's first answer";
  return text + describe_choice("the heuristic's", candidates_.size(), chosen_, cold_);
}

}  // namespace whygpu
