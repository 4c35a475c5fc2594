// CLBlast on any OpenCL device: matrix products, and convolutions as whygpu's im2col + GEMM.
#include "backends/clblast/operations.h"

namespace whygpu {
namespace {

namespace cb = clblast_backend;

class Clblast final : public Backend {
 public:
  explicit Clblast(const Settings& settings) : context_(settings.device) {}
  std::string version() const override { return cb::version(); }
  Facts facts() const override { return {{"database", context_.tuned}}; }
  Device& device() override { return context_.device; }

  Support supports(const Op& op, const PrepareOptions&) const override {
    return std::visit([&](const auto& shape) { return cb::supports(context_, shape); }, op);
  }
  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions&) override {
    return std::visit([&](const auto& shape) { return cb::prepare(context_, shape); }, op);
  }
  Probes* probes() override { return &probes_; }

 private:
  cb::Context context_;
  OpenClProbes probes_{context_.device};
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("clblast", whygpu::Clblast)
