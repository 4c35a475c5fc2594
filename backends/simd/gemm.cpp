// GEMM by our own kernels: a ladder of five rungs, each an idea more than the one before.
#include <algorithm>
#include <stdexcept>

#include "backends/devices/ceil_div.h"
#include "backends/simd/blocked.h"
#include "backends/simd/epilogue.h"
#include "backends/simd/packed_operand.h"
#include "backends/simd/product.h"
#include "backends/simd/simd.h"
#include "backends/simd/tiny.h"
#include "whygpu/host_device.h"

namespace whygpu::simd {
namespace {

constexpr std::string_view kBlocked = "blocked", kVectorised = "vectorised", kTiled = "tiled", kPacked = "packed";

Shape shape_of(const Gemm& g) {
  return {.m = g.m,
          .n = g.n,
          .k = g.k,
          .lda = g.transpose_a ? g.m : g.k,
          .ldb = g.transpose_b ? g.k : g.n,
          .ldc = g.n,
          .transpose_a = g.transpose_a,
          .transpose_b = g.transpose_b};
}

bool is_rung(std::string_view variant) {
  return variant == kVectorised || variant == kTiled || variant == kPacked || variant == kAutomatic || variant.empty();
}

// One column is computed as one row: Cᵀ = Bᵀ·Aᵀ lies where C does. Not of a few values, which would be packed for it.
bool is_column(const Gemm& g) {
  constexpr std::int64_t kLeastValues = 16;
  return g.n == 1 && g.m > 1 && (g.transpose_a || g.k >= kLeastValues);
}

Shape turned(const Gemm& g) {
  return {.m = 1,
          .n = g.m,
          .k = g.k,
          .lda = g.k,
          .ldb = g.transpose_a ? g.m : g.k,
          .ldc = g.m,
          .transpose_a = false,
          .transpose_b = !g.transpose_a};
}

// The instruction set that a variant names; empty for the best.
std::string_view isa_of(std::string_view variant) { return is_rung(variant) ? std::string_view{} : variant; }

bool is_automatic(std::string_view variant) { return !is_rung(variant) || variant.empty() || variant == kAutomatic; }

Method method_of(const Shape& shape, const Kernels& kernels, std::string_view variant) {
  if (variant == kVectorised) return {Strategy::in_place, 1};
  if (variant == kTiled) return {Strategy::in_place};
  if (variant == kPacked) return {Strategy::packed};
  return {.strategy = Product::best_strategy(shape, kernels), .tail_apart = true, .a_in_place = true};
}

template <class T>
class BlockedGemm final : public HostOperation {
 public:
  explicit BlockedGemm(const Gemm& gemm) : HostOperation(gemm.arguments()), gemm_(gemm) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    for (std::int64_t i = 0; i < gemm_.batch; ++i) {
      multiply_blocked(shape_of(gemm_), host_data<const T>(tensors[0]) + i * gemm_.m * gemm_.k,
                       host_data<const T>(tensors[1]) + i * gemm_.k * gemm_.n,
                       host_data<T>(tensors[2]) + i * gemm_.m * gemm_.n);
    }
  }
  std::string implementation() const override { return "scalar loops in blocks of 64×64×64, threads=1"; }

 private:
  Gemm gemm_;
};

// B of every product of a batch, packed when it is uploaded.
class PackedMatrices final : public PackedOperand {
 public:
  PackedMatrices(const Gemm& gemm, Product& product)
      : PackedOperand(gemm.arguments()[1]),
        gemm_(gemm),
        product_(product),
        packed_(gemm.batch * product.packed_b_bytes()) {}

  const std::byte* packed(std::int64_t index) const { return packed_.data() + index * product_.packed_b_bytes(); }
  void pack(const std::byte* row_major) override {
    const std::size_t bytes = gemm_.k * gemm_.n * dtype_bytes(gemm_.dtype);
    for (std::int64_t i = 0; i < gemm_.batch; ++i) {
      product_.pack_all_of_b(row_major + i * bytes, packed_.data() + i * product_.packed_b_bytes());
    }
  }

 private:
  Gemm gemm_;
  Product& product_;
  Buffer packed_;
};

class SimdGemm final : public HostOperation {
 public:
  SimdGemm(const Gemm& gemm, const PrepareOptions& options, const Kernels& kernels, ThreadTeam& team)
      : HostOperation(gemm.arguments()), gemm_(gemm), kernels_(kernels), team_(team) {
    const bool threaded = is_automatic(options.variant);
    turned_ = threaded && is_column(gemm);
    const Shape shape = turned_ ? turned(gemm) : shape_of(gemm);
    method_ = method_of(shape, kernels, options.variant);
    // A of the caller is not packed beforehand.
    if (turned_ && Product::obstacle(shape, kernels, Strategy::dots).empty()) method_.strategy = Strategy::dots;
    const bool is_default = options.variant.empty() || options.variant == kAutomatic;
    if (is_default && gemm.batch == 1) tiny_ = tiny_product(gemm.dtype, shape_of(gemm));
    own_layout_ = threaded && !turned_ && tiny_ == nullptr && options.layout == Layout::preferred;
    if (own_layout_ && Product::streams_b(shape, kernels, method_.strategy)) method_.strategy = Strategy::packed;
    own_layout_ = own_layout_ && method_.strategy == Strategy::packed;
    method_.b_packed_beforehand = own_layout_;
    threads_ = threaded ? team.count() : 1;
    // Whole products of a batch on each thread, or one after the other on all: of few, where some threads would wait
    // for the last ones, only such as are worth waking threads for.
    constexpr std::int64_t kShareable = std::int64_t{80} * 80 * 80, kFewTurns = 4;
    const std::int64_t turns = ceil_div(gemm.batch, threads_);
    const bool uneven = gemm.batch % threads_ != 0 && turns <= kFewTurns && gemm.m * gemm.n * gemm.k >= kShareable;
    parts_ = gemm.batch >= threads_ && !uneven ? threads_ : 1;
    HostThreads* within = parts_ == 1 && threads_ > 1 ? &team : nullptr;
    for (int part = 0; part < parts_; ++part) {
      products_.push_back(std::make_unique<Product>(shape, kernels, method_, within));
    }
    if (gemm.batch == 1 && !turned_) tiles_ = products_.front()->prepared_tiles();
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    if (index == 1 && own_layout_) return std::make_unique<PackedMatrices>(gemm_, *products_.front());
    return HostOperation::allocate(index);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    // A small product takes as long as what else could be asked.
    if (tiny_ != nullptr) {
      return tiny_(host_data<const std::byte>(tensors[0]), host_data<const std::byte>(tensors[1]),
                   host_data<std::byte>(tensors[2]));
    }
    if (!tiles_.empty()) {
      return tiles_.run(host_data<const std::byte>(tensors[0]), host_data<const std::byte>(tensors[1]),
                        host_data<std::byte>(tensors[2]));
    }
    if (gemm_.batch == 1) return run_product(0, 0, tensors);
    if (parts_ == 1) return run(0, tensors);
    team_.run(parts_, [&](int part) { run(part, tensors); });
  }

  std::string implementation() const override {
    if (tiny_ != nullptr) return "straight scalar code for this shape, threads=1";
    std::string text =
        std::string(kernels_.isa) + " " + std::string(kernels_.instruction) + ", " + products_.front()->describe();
    if (turned_) text += ", C computed as a row";
    if (own_layout_) text += " beforehand";
    return text + ", threads=" + std::to_string(parts_ > 1 ? parts_ : products_.front()->threads());
  }

 private:
  // One thread's products of the batch.
  void run(int part, std::span<Tensor* const> tensors) {
    const std::int64_t end = gemm_.batch * (part + 1) / parts_;
    for (std::int64_t i = gemm_.batch * part / parts_; i < end; ++i) run_product(part, i, tensors);
  }

  void run_product(int part, std::int64_t i, std::span<Tensor* const> tensors) {
    const std::int64_t value = kernels_.value_bytes, sum = kernels_.sum_bytes;
    const std::byte* a = host_data<const std::byte>(tensors[0]) + i * gemm_.m * gemm_.k * value;
    std::byte* c = host_data<std::byte>(tensors[2]) + i * gemm_.m * gemm_.n * sum;
    if (own_layout_) {
      return products_[part]->run_on_packed_b(a, static_cast<const PackedMatrices*>(tensors[1])->packed(i), c);
    }
    const std::byte* b = host_data<const std::byte>(tensors[1]) + i * gemm_.k * gemm_.n * value;
    products_[part]->run(turned_ ? b : a, turned_ ? a : b, c);
  }

  MultiplyTiny tiny_ = nullptr;
  Product::PreparedTiles tiles_;
  Gemm gemm_;
  const Kernels& kernels_;
  ThreadTeam& team_;
  Method method_;
  bool turned_ = false, own_layout_ = false;  // of B
  int threads_ = 1, parts_ = 1;
  std::vector<std::unique_ptr<Product>> products_;  // one for each part, which has its own working memory
};

// A product and its epilogue over row-major tensors.
class FusedGemm final : public HostOperation {
 public:
  FusedGemm(const FusedBiasActivation& fused, const Kernels& kernels, ThreadTeam& team)
      : HostOperation(fused.arguments()),
        then_(fused.then),
        kernels_(kernels),
        product_(shape_of(std::get<Gemm>(fused.product)), kernels,
                 method_of(shape_of(std::get<Gemm>(fused.product)), kernels, kAutomatic), &team) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    const Epilogue epilogue = epilogue_of(then_, tensors);
    product_.run(host_data<const std::byte>(tensors[0]), host_data<const std::byte>(tensors[1]),
                 host_data<std::byte>(tensors.back()), &epilogue);
  }

  std::string implementation() const override {
    return std::string(kernels_.isa) + " " + std::string(kernels_.instruction) + ", " + product_.describe() +
           describe(then_) + ", threads=" + std::to_string(product_.threads());
  }

 private:
  BiasActivation then_;
  const Kernels& kernels_;
  Product product_;
};

}  // namespace

std::vector<std::string> variants(const Gemm& gemm) {
  std::vector<std::string> names;
  for (const std::string_view name : {kAutomatic, kPacked, kTiled, kVectorised, kBlocked}) {
    if (supports(gemm, name)) names.emplace_back(name);
  }
  const auto sets = instruction_sets(gemm.dtype);  // the first is what the rungs use
  if (!sets.empty()) names.insert(names.end(), sets.begin() + 1, sets.end());
  return names;
}

Support supports(const Gemm& gemm, std::string_view variant) {
  if (variant == kBlocked) {
    if (gemm.dtype == DType::f32 || gemm.dtype == DType::f64) return {};
    return Support::no("the blocked loops are for f32 and f64, not " + std::string(dtype_name(gemm.dtype)));
  }
  const Kernels* kernels = find_kernels(gemm.dtype, isa_of(variant));
  if (kernels == nullptr) return Support::no(missing_kernels(gemm.dtype, isa_of(variant)));
  if (is_automatic(variant)) return {};
  const Shape shape = shape_of(gemm);
  const std::string obstacle = Product::obstacle(shape, *kernels, method_of(shape, *kernels, variant).strategy);
  if (!obstacle.empty()) return Support::no(std::string(variant) + ": " + obstacle);
  return {};
}

std::unique_ptr<Operation> prepare_fused_gemm(const FusedBiasActivation& fused, const Kernels& kernels,
                                              ThreadTeam& team) {
  const Gemm& gemm = std::get<Gemm>(fused.product);
  if (gemm.batch > 1 || is_column(gemm)) return nullptr;
  return std::make_unique<FusedGemm>(fused, kernels, team);
}

std::unique_ptr<Operation> prepare(const Gemm& gemm, const PrepareOptions& options, ThreadTeam& team) {
  if (options.variant == kBlocked) {
    if (gemm.dtype == DType::f32) return std::make_unique<BlockedGemm<float>>(gemm);
    return std::make_unique<BlockedGemm<double>>(gemm);
  }
  const Kernels* kernels = find_kernels(gemm.dtype, isa_of(options.variant));
  if (kernels == nullptr) throw std::logic_error("simd GEMM: unsupported dtype or variant");
  return std::make_unique<SimdGemm>(gemm, options, *kernels, team);
}

}  // namespace whygpu::simd
