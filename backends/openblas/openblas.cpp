// OpenBLAS, as the system provides it. GEMM in the dtypes that the installed library was built with.
#include "backends/openblas/openblas.h"

#include <cblas.h>

#include "backends/devices/host.h"
#include "backends/devices/host_borrowed.h"

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
  }
  std::string version() const override { return openblas::version(); }
  Facts facts() const override {
    return {{"dispatch", openblas::core()},
            {"threading", threading()},
            {"threads", std::to_string(openblas_get_num_threads())},
            {"build", openblas_get_config()}};
  }
  Device& device() override { return device_; }

  Support supports(const Op& op, std::string_view) const override {
    if (is_borrowed(op)) return {};
    if (const auto* gemm = std::get_if<Gemm>(&op)) return openblas::supports(*gemm);
    if (const auto* convolution = std::get_if<Convolution>(&op)) return openblas::supports(*convolution);
    if (const auto* stream = std::get_if<Stream>(&op)) return openblas::supports(*stream);
    return Support::no("OpenBLAS has no such operation");
  }

  std::unique_ptr<Operation> prepare(const Op& op, std::string_view) override {
    if (is_borrowed(op)) return prepare_borrowed(op, threads_);
    if (const auto* gemm = std::get_if<Gemm>(&op)) return openblas::prepare(*gemm);
    if (const auto* stream = std::get_if<Stream>(&op)) return openblas::prepare(*stream);
    return openblas::prepare(std::get<Convolution>(op));
  }

  std::unique_ptr<Operation> prepare_plain(const Op& op) override {
    if (const auto* convolution = std::get_if<Convolution>(&op)) return openblas::prepare_plain(*convolution);
    return prepare(op, {});
  }

 private:
  HostDevice device_;
  ThreadTeam threads_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("openblas", whygpu::OpenBlas)
