// GEMM by generated kernels. Operands that they cannot read are copied on every run, and the time includes it.
#include <algorithm>
#include <limits>

#include "backends/xsmm/products.h"
#include "backends/xsmm/xsmm.h"
#include "whygpu/host_device.h"

namespace whygpu::xsmm {
namespace {

template <class T>
constexpr bool kIsBf16 = std::is_same_v<T, Bf16>;

bool copies_a(const Gemm& g) { return g.transpose_a && g.dtype == DType::bf16; }
bool copies_b(const Gemm& g) { return g.transpose_b || g.dtype == DType::bf16; }

Block whole_product(const Gemm& g) {
  const bool transposed = g.transpose_a && !copies_a(g);
  return {g.m, g.n, g.k, transposed ? g.m : g.k, g.n, g.n, transposed, false};
}

// B as a kernel reads it: k×n, or pairs of rows of bf16.
template <class T>
void copy_b(const Gemm& g, const T* b, T* out) {
  if constexpr (kIsBf16<T>) {
    if (g.transpose_b) {  // pairs are neighbours already
      return transpose(out, b, 2 * sizeof(T), g.n, g.k / 2, g.k / 2, g.n);
    }
    for (std::int64_t p = 0; p < g.k; p += 2) {
      const T* even = b + p * g.n;
      const T* odd = even + g.n;
      T* pairs = out + p * g.n;
      for (std::int64_t j = 0; j < g.n; ++j) {
        pairs[2 * j] = even[j];
        pairs[2 * j + 1] = odd[j];
      }
    }
  } else {
    transpose(out, b, sizeof(T), g.n, g.k, g.k, g.n);
  }
}

template <class T>
class XsmmGemm final : public HostOperation {
 public:
  XsmmGemm(const Gemm& gemm, ThreadTeam& team)
      : HostOperation(gemm.arguments()),
        gemm_(gemm),
        team_(team),
        product_(whole_product(gemm)),
        kernel_(product_.only_kernel()) {
    // Waking a thread takes as long as a small product.
    const bool worthwhile = gemm.m * gemm.n * gemm.k * gemm.batch > kOneKernel;
    const std::int64_t units = gemm.batch > 1 ? gemm.batch : product_.tiles();
    parts_ = worthwhile ? static_cast<int>(std::min<std::int64_t>(team.count(), units)) : 1;
    const std::size_t copies = gemm.batch > 1 ? parts_ : 1;
    if (gemm.batch == 1 && !copies_a(gemm) && !copies_b(gemm)) direct_ = kernel_;
    if (copies_a(gemm)) copies_of_a_.assign(copies, std::vector<T>(gemm.m * gemm.k));
    if (copies_b(gemm)) copies_of_b_.assign(copies, std::vector<T>(gemm.k * gemm.n));
  }

  // The shortest way for a product that takes as long as some calls.
  void enqueue(std::span<Tensor* const> tensors) override {
    const T* a = host_data<T>(tensors[0]);
    const T* b = host_data<T>(tensors[1]);
    Sum<T>* c = host_data<Sum<T>>(tensors[2]);
    if (direct_ != nullptr) {
      direct_(b, a, c);
    } else if (parts_ > 1 && gemm_.batch == 1) {
      const T* ready_a = readable_a(a, 0);
      const T* ready_b = readable_b(b, 0);
      team_.run(parts_, [&](int part) { run_tiles(part, ready_a, ready_b, c); });
    } else if (parts_ > 1) {
      team_.run(parts_, [&](int part) { run_products(part, a, b, c); });
    } else {
      run_products(0, a, b, c);
    }
  }

  std::string implementation() const override {
    const std::string side = std::to_string(kBlockSide);
    std::string text = kernel_ != nullptr ? "one kernel a product"
                                          : "blocked calls of kernels up to " + side + "×" + side + "×" + side;
    if (copies_a(gemm_)) text += ", A transposed on every run";
    if (gemm_.transpose_b) text += ", B transposed on every run";
    if (kIsBf16<T>) text += ", B packed in pairs of rows on every run";
    return text + ", " + running_with(parts_);
  }

 private:
  const T* readable_a(const T* a, int part) {
    if (copies_of_a_.empty()) return a;
    T* copy = copies_of_a_[part].data();
    transpose(copy, a, sizeof(T), gemm_.k, gemm_.m, gemm_.m, gemm_.k);
    return copy;
  }

  const T* readable_b(const T* b, int part) {
    if (copies_of_b_.empty()) return b;
    T* copy = copies_of_b_[part].data();
    copy_b(gemm_, b, copy);
    return copy;
  }

  // Some tiles of one product.
  void run_tiles(int part, const T* a, const T* b, Sum<T>* c) const {
    const std::int64_t first = product_.tiles() * part / parts_, last = product_.tiles() * (part + 1) / parts_;
    for (std::int64_t tile = first; tile < last; ++tile) product_.run(tile, a, b, c);
  }

  // Some products of a batch.
  void run_products(int part, const T* a, const T* b, Sum<T>* c) {
    const std::int64_t first = gemm_.batch * part / parts_, last = gemm_.batch * (part + 1) / parts_;
    for (std::int64_t i = first; i < last; ++i) {
      const T* ready_a = readable_a(a + i * gemm_.m * gemm_.k, part);
      const T* ready_b = readable_b(b + i * gemm_.k * gemm_.n, part);
      Sum<T>* result = c + i * gemm_.m * gemm_.n;
      if (kernel_ != nullptr) {
        kernel_(ready_b, ready_a, result);
        continue;
      }
      for (std::int64_t tile = 0; tile < product_.tiles(); ++tile) product_.run(tile, ready_a, ready_b, result);
    }
  }

  Gemm gemm_;
  ThreadTeam& team_;
  TiledProduct<T> product_;
  Kernel<T> kernel_ = nullptr;  // of one product, if it is one kernel
  Kernel<T> direct_ = nullptr;  // the whole operation, if it is one kernel on the operands as they are
  int parts_ = 1;               // threads that have work
  std::vector<std::vector<T>> copies_of_a_, copies_of_b_;  // of each part
};

bool generates_bf16() {
  return find_kernel<Bf16>({.m = 2, .n = 16, .k = 2, .lda = 2, .ldb = 16, .ldc = 16}) != nullptr;
}
bool generates_f32() {
  return find_kernel<float>({.m = 2, .n = 16, .k = 2, .lda = 2, .ldb = 16, .ldc = 16}) != nullptr;
}

}  // namespace

Support supports(const Gemm& gemm) {
  constexpr std::int64_t kMaxIndex = std::numeric_limits<int>::max();
  if (std::max({gemm.m, gemm.n, gemm.k}) > kMaxIndex) {
    return Support::no("a dimension is above " + std::to_string(kMaxIndex) + ", the index limit of libxsmm");
  }
  switch (gemm.dtype) {
    case DType::f64:
    case DType::f32:
      if (generates_f32()) return {};
      return Support::no(version() + " generates no code for this CPU (" + target() + ")");
    case DType::bf16:
      if (!generates_bf16()) return Support::no(version() + " has no bf16 kernels for " + target());
      if (gemm.k % 2 == 0) return {};
      return Support::no("libxsmm multiplies bf16 values in pairs along k, which must be even");
    case DType::s8: return Support::no("libxsmm multiplies s8 by u8 only");
    default: return Support::no("libxsmm has no " + std::string(dtype_name(gemm.dtype)) + " GEMM");
  }
}

std::unique_ptr<Operation> prepare(const Gemm& gemm, ThreadTeam& team) {
  switch (gemm.dtype) {
    case DType::f64: return std::make_unique<XsmmGemm<double>>(gemm, team);
    case DType::f32: return std::make_unique<XsmmGemm<float>>(gemm, team);
    default: return std::make_unique<XsmmGemm<Bf16>>(gemm, team);
  }
}

}  // namespace whygpu::xsmm
