// A backend whose device is missing.
#include "whygpu/backend.h"

namespace {

class NoDevice final : public whygpu::Backend {
 public:
  explicit NoDevice(const whygpu::Settings&) { throw std::runtime_error("no such device on this machine"); }
  std::string version() const override { return {}; }
  whygpu::Facts facts() const override { return {}; }
  whygpu::Device& device() override { throw std::logic_error("no device"); }
  whygpu::Support supports(const whygpu::Op&, const whygpu::PrepareOptions&) const override { return {}; }
  std::unique_ptr<whygpu::Operation> prepare(const whygpu::Op&, const whygpu::PrepareOptions&) override {
    return nullptr;
  }
};

}  // namespace

WHYGPU_BACKEND("no_device", NoDevice)
