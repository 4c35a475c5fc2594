#include "backends/simd/epilogue.h"

namespace whygpu::simd {

std::string describe(const BiasActivation& then) {
  std::string text = then.activation == Activation::relu ? ", bias and relu" : ", bias";
  if (then.residual) text = then.activation == Activation::relu ? ", bias, relu and residual" : ", bias and residual";
  return text + " on parts of the result";
}

std::unique_ptr<Operation> prepare_fused(const FusedBiasActivation& fused, ThreadTeam& team) {
  const auto is_f32 = [](const auto& op) { return op.dtype == DType::f32; };
  if (!std::visit(is_f32, fused.product) || fused.then.activation == Activation::gelu) return nullptr;
  const Kernels& kernels = *find_kernels(DType::f32);
  return std::holds_alternative<Gemm>(fused.product) ? prepare_fused_gemm(fused, kernels, team)
                                                     : prepare_fused_convolution(fused, kernels, team);
}

}  // namespace whygpu::simd
