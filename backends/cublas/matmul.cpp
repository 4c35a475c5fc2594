#include "backends/cublas/matmul.h"

#include <algorithm>

#include "backends/devices/cuda_tuning.h"
#include "backends/devices/tuning.h"

namespace whygpu {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr int kCandidates = 16;

template <class T>
T configured(const cublasLtMatmulAlgo_t& algorithm, cublasLtMatmulAlgoConfigAttributes_t attribute) {
  T value{};
  std::size_t written = 0;
  cublas_check(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, attribute, &value, sizeof value, &written),
               "reading an algorithm");
  return value;
}

// "1", or "4 summed in the accumulator's type".
std::string describe_split(const cublasLtMatmulAlgo_t& algorithm) {
  const auto parts = configured<std::int32_t>(algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM);
  const auto scheme = configured<std::uint32_t>(algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME);
  const char* const name = scheme == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE  ? " summed in the accumulator's type"
                           : scheme == CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE ? " summed in the result's type"
                           : scheme == CUBLASLT_REDUCTION_SCHEME_INPLACE     ? " summed in place"
                                                                             : "";
  return std::to_string(parts) + name;
}

}  // namespace

MatmulContext::MatmulContext(CudaDevice& device)
    : device(device), workspace((device.compute_capability() >= 90 ? 32 : 4) * kMebibyte) {
  cublas_check(cublasLtCreate(&handle), "starting cuBLASLt");
}

MatmulContext::~MatmulContext() { cublasLtDestroy(handle); }

Support Matmul::supports(MatmulContext& context, const MatmulProblem& problem) {
  const auto [status, answers] = MatmulDescriptors(problem, context.workspace.bytes()).ask(context.handle, 1);
  if (!answers.empty()) return {};
  return Support::no(std::string("cuBLASLt has no algorithm for this problem: ") + cublasLtGetStatusString(status));
}

Matmul::Matmul(MatmulContext& context, const MatmulProblem& problem, Choice choice)
    : context_(context),
      descriptors_(std::make_unique<MatmulDescriptors>(problem, context.workspace.bytes())),
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
  std::string text = "cuBLASLt algorithm " +
                     std::to_string(configured<std::int32_t>(chosen.algo, CUBLASLT_ALGO_CONFIG_ID)) + ", tile id " +
                     number(CUBLASLT_ALGO_CONFIG_TILE_ID) + ", stages id " + number(CUBLASLT_ALGO_CONFIG_STAGES_ID) +
                     ", split-k " + describe_split(chosen.algo) + ", cluster id " +
                     std::to_string(configured<std::uint16_t>(chosen.algo, CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID)) +
                     "; " + descriptors_->math.name + "; workspace " + std::to_string(chosen.workspaceSize) + " B; ";
  if (candidates_.size() == 1) return text + "the heuristic's first answer";
  return text + describe_choice("the heuristic's", candidates_.size(), chosen_, cold_);
}

std::shared_ptr<MatmulContext> open_cublas(CudaDevice& device) { return std::make_shared<MatmulContext>(device); }

std::string cublas_version() {
  const std::size_t version = cublasLtGetVersion();  // 130100 is 13.1.0
  return "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace whygpu
