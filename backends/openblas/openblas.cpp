// OpenBLAS, as provided by the system. GEMM in the dtypes that the installed library was built with.
#include "backends/openblas/openblas.h"

#include <cblas.h>

#include "backends/devices/stream_probes.h"
#include "backends/devices/thread_team.h"
#include "whygpu/host_device.h"

// Of OpenBLAS on threads of its own, and in no header.
extern "C" int blas_thread_shutdown_() __attribute__((weak));

namespace whygpu {

namespace openblas {

std::string version() {
  const std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH …"
  return config.substr(0, config.find(' ', config.find(' ') + 1));
}

std::string core() { return openblas_get_corename(); }

std::string running_with() {
  return version() + ", " + core() + " kernels, threads=" + std::to_string(openblas_get_num_threads());
}

}  // namespace openblas

namespace {

std::string threading() {
  switch (openblas_get_parallel()) {
    case OPENBLAS_SEQUENTIAL: return "none";
    case OPENBLAS_THREAD: return "pthreads";
    default: return "OpenMP";
  }
}

class OpenBlas final : public Backend {
 public:
  explicit OpenBlas(const Settings& settings) : threads_(settings.threads) {
    openblas_set_num_threads(settings.threads);
    // When it is loaded it starts a thread for each CPU, and each waits for work a tenth of a second without sleeping.
    if (settings.threads == 1 && blas_thread_shutdown_ != nullptr) blas_thread_shutdown_();
  }
  std::string version() const override { return openblas::version(); }
  Facts facts() const override {
    return {{"dispatch", openblas::core()},
            {"threading", threading()},
            {"threads", std::to_string(openblas_get_num_threads())},
            {"build", openblas_get_config()}};
  }
  Device& device() override { return device_; }

  Support supports(const Op& op, const PrepareOptions&) const override {
    return std::visit([](const auto& shape) { return openblas::supports(shape); }, op);
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    return std::visit([&](const auto& shape) { return openblas::prepare(shape, options.layout); }, op);
  }

  Probes* probes() override { return &probes_; }

 private:
  ThreadTeam threads_;
  HostDevice device_{&threads_};
  StreamProbes probes_{"OpenBLAS", openblas::supports, openblas::prepare};
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("openblas", whygpu::OpenBlas)
