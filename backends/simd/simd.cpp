// Our own kernels for the vector units of CPUs: a ladder to read and to measure, and a rival of the libraries.
#include "backends/simd/simd.h"

#include <algorithm>

#include "backends/layers/layer.h"
#include "backends/simd/blocking.h"
#include "backends/simd/epilogue.h"
#include "backends/simd/kernels.h"
#include "backends/simd/tuning_file.h"
#include "whygpu/host_device.h"

namespace whygpu {

std::string simd::describe_kernels(const simd::Kernels& kernels, std::size_t threads) {
  return "tiles up to " + std::to_string(kernels.rows) + "×" + std::to_string(kernels.panel_columns()) + ", " +
         std::string(kernels.isa) + " " + std::string(kernels.instruction) + ", threads=" + std::to_string(threads);
}

namespace {

class Simd final : public Backend, LayerKernels {
 public:
  explicit Simd(const Settings& settings) : team_(std::max(1, settings.threads)) {
    if (simd::find_kernels(DType::f32) == nullptr) throw std::runtime_error("this processor has neither AVX2 nor NEON");
    simd::use_tuning_file(simd::users_tuning_file());
  }
  std::string version() const override { return "whygpu " + std::string(kVersion); }
  Facts facts() const override {
    Facts facts{{"threading", "whygpu's threads, which take parts of the result in turn"},
                {"threads", std::to_string(team_.count())}};
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::s8}) {
      const simd::Kernels* kernels = simd::find_kernels(dtype);
      if (kernels != nullptr) facts.push_back({std::string(dtype_name(dtype)), std::string(kernels->isa)});
    }
    const simd::Caches& caches = simd::caches();
    const auto kib = [](std::size_t bytes) { return std::to_string(bytes >> 10) + " KiB"; };
    const bool kept = !simd::tuning_file().path().empty();
    facts.push_back({"tuning", kept ? "kept in simd-tuning in the user's cache folder" : "measured in every process"});
    facts.push_back(
        {"huge_pages", "asked for in working memory; the system's setting is " + simd::system_huge_pages()});
    facts.push_back({"caches", "L1 " + kib(caches.l1) + ", L2 " + kib(caches.l2) + " in " +
                                   std::to_string(caches.l2_ways) + " ways, L3 " + kib(caches.l3) +
                                   "; the TLB translates " + kib(caches.small_pages) + " of small pages"});
    return facts;
  }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op& op) const override {
    return std::visit([](const auto& shape) { return simd::variants(shape); }, op);
  }
  Support supports(const Op& op, const PrepareOptions& options) const override {
    return std::visit([&](const auto& shape) { return simd::supports(shape, options.variant); }, op);
  }
  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    return std::visit([&](const auto& shape) { return simd::prepare(shape, options, team_); }, op);
  }

  LayerKernels* layers() override { return this; }
  std::unique_ptr<Operation> prepare(const Layer& layer) override {
    const auto* fused = layer.get<FusedBiasActivation>();
    return fused != nullptr ? simd::prepare_fused(*fused, team_) : nullptr;
  }

 private:
  ThreadTeam team_;
  HostDevice device_{&team_};
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("simd", whygpu::Simd)
