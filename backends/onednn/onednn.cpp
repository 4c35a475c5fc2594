// oneDNN on the CPU, as provided by the system.
#include "backends/onednn/onednn.h"

#include <omp.h>

#include "whygpu/host_device.h"

namespace whygpu {

namespace onednn {

std::string version() {
  const dnnl_version_t* v = dnnl_version();
  return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

Support no_such(const std::string& what) { return Support::no(version() + " has no " + what + " on this CPU"); }

bool has_data_type(DType dtype) { return dtype != DType::f64 && dtype != DType::tf32 && dtype != DType::f8e4m3; }

dnnl::memory::data_type data_type(DType dtype) {
  using Type = dnnl::memory::data_type;
  switch (dtype) {
    case DType::f32: return Type::f32;
    case DType::f16: return Type::f16;
    case DType::bf16: return Type::bf16;
    case DType::s8: return Type::s8;
    case DType::s32: return Type::s32;
    default: throw std::logic_error("no oneDNN data type for " + std::string(dtype_name(dtype)));
  }
}

std::string describe(const std::string& primitive, const std::string& implementation) {
  const std::string algorithm = implementation.find("wino") != std::string::npos ? " (Winograd)" : "";
  return primitive + " " + implementation + algorithm + ", " + version() +
         ", threads=" + std::to_string(omp_get_max_threads());
}

}  // namespace onednn

namespace {

std::string isa_name(dnnl::cpu_isa isa) {
#ifdef __aarch64__
  // On Arm the same numbers have other meanings (src/cpu/aarch64/cpu_isa_traits.hpp).
  switch (static_cast<unsigned>(isa)) {
    case 0x1: return "asimd";
    case 0x3: return "sve_128";
    case 0x7: return "sve_256";
    case 0x27: return "sve_512";
    default: break;
  }
#endif
  switch (isa) {
    case dnnl::cpu_isa::sse41: return "sse41";
    case dnnl::cpu_isa::avx: return "avx";
    case dnnl::cpu_isa::avx2: return "avx2";
    case dnnl::cpu_isa::avx2_vnni: return "avx2_vnni";
    case dnnl::cpu_isa::avx512_core: return "avx512_core";
    case dnnl::cpu_isa::avx512_core_vnni: return "avx512_core_vnni";
    case dnnl::cpu_isa::avx512_core_bf16: return "avx512_core_bf16";
    case dnnl::cpu_isa::avx512_core_amx: return "avx512_core_amx";
    default:
      return "isa 0x" + [isa] {
        constexpr char digits[] = "0123456789abcdef";
        std::string text;
        for (auto bits = static_cast<unsigned>(isa); bits != 0; bits >>= 4)
          text.insert(text.begin(), digits[bits & 15]);
        return text;
      }();
  }
}

// The threads that oneDNN uses.
class OpenMpThreads final : public HostThreads {
 public:
  int count() const override { return omp_get_max_threads(); }
  void run(int tasks, const std::function<void(int)>& task) override {
    if (tasks == 1) return task(0);
#pragma omp parallel for num_threads(tasks) schedule(static, 1)
    for (int i = 0; i < tasks; ++i) task(i);
  }
};

class OneDnn final : public Backend {
 public:
  explicit OneDnn(const Settings& settings) { omp_set_num_threads(settings.threads); }
  std::string version() const override { return onednn::version(); }
  Facts facts() const override {
    return {{"dispatch", isa_name(dnnl::get_effective_cpu_isa())},
            {"threading", "OpenMP"},
            {"threads", std::to_string(omp_get_max_threads())},
            {"build", dnnl_version()->hash}};
  }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op& op) const override {
    return std::visit([](const auto& shape) { return onednn::variants(shape); }, op);
  }

  Support supports(const Op& op, const PrepareOptions& options) const override {
    return std::visit([&](const auto& shape) { return onednn::supports(context_, shape, options); }, op);
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    return std::visit([&](const auto& shape) { return onednn::prepare(context_, shape, options); }, op);
  }

 private:
  OpenMpThreads threads_;
  HostDevice device_{&threads_};
  mutable onednn::Context context_;  // planning changes no visible state
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("onednn", whygpu::OneDnn)
