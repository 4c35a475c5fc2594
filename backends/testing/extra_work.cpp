// Makes another backend slower: after each operation it keeps computing for a share of the time that the operation
// took, so that every run is slower by exactly that share, whatever its length or disturbance.
//
// It replaces the real module under its name; the real one is in `wrapped/` beside it. The share is WHYGPU_EXTRA_WORK
// (default 0.1, which turns 9.09 ms into 10 ms). CPU backends only: on a queue, the extra work would have to be queued
// too.
#include <dlfcn.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "whygpu/probes.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Arithmetic that the compiler can neither remove nor shorten.
void compute_until(Clock::time_point end) {
  volatile double sink = 1;
  while (Clock::now() < end) {
    for (int i = 0; i < 8; ++i) sink = sink * 1.0000001 + 1e-9;
  }
}

class SlowerOperation final : public Operation {
 public:
  SlowerOperation(std::unique_ptr<Operation> real, double share) : real_(std::move(real)), share_(share) {}

  std::unique_ptr<Tensor> allocate(int index) override { return real_->allocate(index); }

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto start = Clock::now();
    real_->enqueue(tensors);
    const auto end = Clock::now();
    compute_until(end + std::chrono::duration_cast<Clock::duration>((end - start) * share_));
  }

  std::string implementation() const override { return real_->implementation(); }

 private:
  std::unique_ptr<Operation> real_;
  double share_;
};

const Module& real_module() {
  Dl_info self{};
  dladdr(reinterpret_cast<void*>(&real_module), &self);
  const fs::path file(self.dli_fname);
  const fs::path wrapped = file.parent_path() / "wrapped" / file.filename();
  void* handle = dlopen(wrapped.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(dlerror());
  using EntryPoint = const Module* (*)();
  const auto entry = reinterpret_cast<EntryPoint>(dlsym(handle, "whygpu_backend_module"));
  if (entry == nullptr || entry()->interface != kInterface)
    throw std::runtime_error(wrapped.string() + " is not a backend of this build");
  return *entry();
}

class ExtraWork final : public Backend, public Probes {
 public:
  explicit ExtraWork(const Settings& settings) : real_(real_module().create(settings)) {
    if (const char* share = std::getenv("WHYGPU_EXTRA_WORK")) share_ = std::strtod(share, nullptr);
    if (real_->device().kind() != DeviceKind::cpu) throw std::runtime_error("extra work is for CPU backends only");
  }

  std::string version() const override { return real_->version(); }
  Facts facts() const override { return real_->facts(); }
  Device& device() override { return real_->device(); }
  std::vector<std::string> variants(const Op& op) const override { return real_->variants(op); }
  Support supports(const Op& op, const PrepareOptions& options) const override { return real_->supports(op, options); }
  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    return std::make_unique<SlowerOperation>(real_->prepare(op, options), share_);
  }

  Probes* probes() override { return real_->probes() == nullptr ? nullptr : this; }
  std::vector<std::string> variants(const Probe& probe) const override { return real_->probes()->variants(probe); }
  Support supports(const Probe& probe, std::string_view variant) const override {
    return real_->probes()->supports(probe, variant);
  }
  std::unique_ptr<Operation> prepare(const Probe& probe, std::string_view variant) override {
    return std::make_unique<SlowerOperation>(real_->probes()->prepare(probe, variant), share_);
  }

 private:
  std::unique_ptr<Backend> real_;
  double share_ = 0.1;
};

}  // namespace
}  // namespace whygpu

extern "C" __attribute__((visibility("default"))) const whygpu::Module* whygpu_backend_module() {
  static const whygpu::Module module{
      .name = whygpu::real_module().name,
      .create = [](const whygpu::Settings& settings) -> whygpu::Backend* { return new whygpu::ExtraWork(settings); }};
  return &module;
}
