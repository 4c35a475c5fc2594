#include <optional>

#include "backends/cublas/matmul.h"
#include "backends/cublas/packed.h"

namespace whygpu {
namespace {

// An argument that cuBLASLt sees as a converted copy.
struct Converted {
  PackedLayout layout;
  CudaBuffer copy;
};

class CublasGemm final : public Operation {
 public:
  CublasGemm(MatmulContext& context, const Gemm& gemm, Choice choice, Layout layout)
      : context_(context), gemm_(gemm), matmul_(context, gemm_problem(gemm, layout), choice) {
    if (!wants_k_contiguous(gemm.dtype)) return;
    for (int i = 0; i < 3; ++i) {
      const PackedLayout packed = gemm_layout(gemm, i);
      if (!packed.is_plain()) converted_[i].emplace(Converted{packed, CudaBuffer(packed.bytes())});
    }
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_cuda_tensor(context_.device, gemm_.arguments()[static_cast<std::size_t>(index)]);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    void* data[3];
    for (int i = 0; i < 3; ++i) {
      data[i] = converted_[i] ? converted_[i]->copy.data() : cuda_data(tensors[static_cast<std::size_t>(i)]);
    }
    for (int i = 0; i < 2; ++i) {
      if (!converted_[i]) continue;
      pack(converted_[i]->layout, cuda_data(tensors[static_cast<std::size_t>(i)]), data[i], context_.device.stream());
    }
    matmul_.enqueue(data[0], data[1], data[2]);
    if (converted_[2]) unpack(converted_[2]->layout, data[2], cuda_data(tensors[2]), context_.device.stream());
  }

  std::string implementation() const override {
    std::string text = matmul_.describe();
    for (int i = 0; i < 2; ++i) {
      if (!converted_[i]) continue;
      text += std::string("; ") + "AB"[i] + " packed first (" + converted_[i]->layout.describe() + ")";
    }
    if (converted_[2]) text += "; C copied out of its padding last";
    return text;
  }

 private:
  MatmulContext& context_;
  Gemm gemm_;
  Matmul matmul_;
  std::optional<Converted> converted_[3];
};

}  // namespace

Support cublas_supports(MatmulContext& context, const Gemm& gemm) {
  if (gemm.dtype == DType::s32) return Support::no("cuBLASLt has no s32 GEMM");
  if (gemm.dtype == DType::f8e4m3 && context.device.compute_capability() < 89) {
    return Support::no("f8e4m3 needs compute capability 8.9 or newer");
  }
  return Matmul::supports(context, gemm_problem(gemm, Layout::row_major));
}

std::unique_ptr<Operation> prepare_cublas_gemm(MatmulContext& context, const Gemm& gemm, Choice choice, Layout layout) {
  return std::make_unique<CublasGemm>(context, gemm, choice, layout);
}

}  // namespace whygpu
