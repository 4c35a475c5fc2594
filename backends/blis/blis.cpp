// BLIS, as provided by the system.
#include "backends/blis/blis.h"

#include <blis.h>

#include <algorithm>

#include "backends/devices/stream_probes.h"
#include "backends/devices/thread_team.h"
#include "whygpu/host_device.h"

namespace whygpu {

namespace blis {

std::string version() { return std::string("BLIS ") + bli_info_get_version_str(); }

std::string kernels() { return bli_arch_string(bli_arch_query_id()); }

// BLIS_JC_NT and its like set the threads of each loop, and override the number of threads.
int threads() {
  if (bli_info_get_enable_threading() == 0) return 1;
  dim_t product = 1;
  for (const dim_t ways : {bli_thread_get_jc_nt(), bli_thread_get_pc_nt(), bli_thread_get_ic_nt(),
                           bli_thread_get_jr_nt(), bli_thread_get_ir_nt()}) {
    product *= std::max<dim_t>(ways, 1);
  }
  return static_cast<int>(product > 1 ? product : std::max<dim_t>(bli_thread_get_num_threads(), 1));
}

std::string running_with() { return version() + ", " + kernels() + " kernels, threads=" + std::to_string(threads()); }

}  // namespace blis

namespace {

// The variable that chooses kernels that run here, where BLIS does not know the processor; otherwise empty.
std::string faster_with() {
#ifdef __x86_64__
  if (bli_arch_query_id() != BLIS_ARCH_GENERIC) return "";
  const auto choose = [](arch_t kernels) {
    return "BLIS_ARCH_TYPE=" + std::to_string(kernels) + " (kernels for " + bli_arch_string(kernels) + ")";
  };
  if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return choose(BLIS_ARCH_SKX);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return choose(BLIS_ARCH_HASWELL);
#endif
  return "";
}

std::string threading() {
  if (bli_info_get_enable_openmp() != 0) return "OpenMP";
  return bli_info_get_enable_pthreads() != 0 ? "pthreads" : "none";
}

class Blis final : public Backend {
 public:
  explicit Blis(const Settings& settings) : threads_(settings.threads) { bli_thread_set_num_threads(settings.threads); }
  std::string version() const override { return blis::version(); }
  Facts facts() const override {
    Facts facts = {
        {"dispatch", blis::kernels()}, {"threading", threading()}, {"threads", std::to_string(blis::threads())}};
    if (const std::string variable = faster_with(); !variable.empty()) facts.emplace_back("faster_with", variable);
    return facts;
  }
  Device& device() override { return device_; }

  Support supports(const Op& op, const PrepareOptions&) const override {
    return std::visit([](const auto& shape) { return blis::supports(shape); }, op);
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    if (const auto* gemm = std::get_if<Gemm>(&op)) return blis::prepare(*gemm);
    return blis::prepare(std::get<Convolution>(op), options.layout);
  }

  Probes* probes() override { return &probes_; }

 private:
  ThreadTeam threads_;
  HostDevice device_{&threads_};
  StreamProbes probes_{"BLIS", blis::supports, blis::prepare};
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("blis", whygpu::Blis)
