// A GEMM backend that cheats as its variant names, as faulty or generated kernels do: correct when it is first checked,
// and wrong, idle, late or greedy when it is timed.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include "backends/dtypes.h"
#include "whygpu/host_device.h"

namespace whygpu {
namespace {

constexpr int kHonestRuns = 3;

void multiply_rows(const Gemm& g, const float* a, const float* b, float* c, std::int64_t first, std::int64_t last) {
  for (std::int64_t i = first; i < last; ++i) {
    std::fill_n(c + i * g.n, g.n, 0.0F);
    for (std::int64_t p = 0; p < g.k; ++p) {
      for (std::int64_t j = 0; j < g.n; ++j) c[i * g.n + j] += a[i * g.k + p] * b[p * g.n + j];
    }
  }
}

class Cheat : public HostOperation {
 public:
  Cheat(const Gemm& gemm, std::string name) : HostOperation(gemm.arguments()), gemm_(gemm), name_(std::move(name)) {}
  std::string implementation() const override { return "plain loops that cheat: " + name_; }

  void enqueue(std::span<Tensor* const> tensors) override {
    run(host_data<float>(tensors[0]), host_data<float>(tensors[1]), host_data<float>(tensors[2]));
  }

 protected:
  virtual void run(float* a, float* b, float* c) = 0;
  void multiply(const float* a, const float* b, float* c) const { multiply_rows(gemm_, a, b, c, 0, gemm_.m); }
  bool still_honest() { return ++runs_ <= kHonestRuns; }
  std::int64_t size() const { return gemm_.m * gemm_.n; }

  Gemm gemm_;
  std::string name_;
  int runs_ = 0;
};

struct Honest final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override { multiply(a, b, c); }
};

struct GarbageLater final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    multiply(a, b, c);
    if (!still_honest()) c[size() / 3] += 1;
  }
};

struct HalfLater final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    multiply_rows(gemm_, a, b, c, 0, still_honest() ? gemm_.m : gemm_.m / 2);
  }
};

struct RoundedLater final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    multiply(a, b, c);
    if (still_honest()) return;
    for (std::int64_t i = 0; i < size(); ++i) c[i] = static_cast<float>(BFloat16(c[i]));
  }
};

struct OverwritesInput final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    multiply(a, b, c);
    a[0] = 0;
  }
};

struct WritesPastTheEnd final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    multiply(a, b, c);
    c[size()] = 1;
  }
};

// The kernel is timed without its work.
struct FirstCallOnly final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    if (still_honest()) multiply(a, b, c);
  }
};

// Takes a poisoned result for the sign of a check.
struct WorksOnPoisonOnly final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    if (still_honest() || std::isnan(c[0])) multiply(a, b, c);
  }
};

struct CachesByAddress final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    auto& cached = results_[{a, b}];
    if (cached.empty()) {
      multiply(a, b, c);
      cached.assign(c, c + size());
    }
    std::copy(cached.begin(), cached.end(), c);
  }
  std::map<std::pair<float*, float*>, std::vector<float>> results_;
};

// Twice the threads that it was given.
struct MoreThreads final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    std::thread other([&] { multiply_rows(gemm_, a, b, c, 0, gemm_.m / 2); });
    multiply_rows(gemm_, a, b, c, gemm_.m / 2, gemm_.m);
    other.join();
  }
};

// Returns at once; a thread does the work later: when the next run begins or the operation is described, else in 50 ms.
struct FinishesLater final : Cheat {
  using Cheat::Cheat;
  ~FinishesLater() override { wait(); }
  std::string implementation() const override {
    wait();
    return Cheat::implementation();
  }
  void run(float* a, float* b, float* c) override {
    wait();
    if (still_honest()) return multiply(a, b, c);
    worker_ = std::thread([this, a, b, c] {
      (void)awaited_.try_acquire_for(std::chrono::milliseconds(50));
      multiply(a, b, c);
    });
  }
  void wait() const {
    if (!worker_.joinable()) return;
    awaited_.release();
    worker_.join();
    (void)awaited_.try_acquire();  // nobody did, if the 50 ms had passed
  }
  mutable std::thread worker_;
  mutable std::counting_semaphore<> awaited_{0};
};

// One element of a large result is off by more than its tolerance and less than the rounding errors of its row.
struct OneElement final : Cheat {
  using Cheat::Cheat;
  void run(float* a, float* b, float* c) override {
    multiply(a, b, c);
    c[size() / 3] += 5e-4F;
  }
};

template <class Kind>
std::unique_ptr<Operation> make(const Gemm& gemm, const char* name) {
  return std::make_unique<Kind>(gemm, name);
}

struct Variant {
  const char* name;
  std::unique_ptr<Operation> (*make)(const Gemm&, const char* name);
};

constexpr std::array kVariants = {Variant{"honest", make<Honest>},
                                  Variant{"garbage_later", make<GarbageLater>},
                                  Variant{"half_later", make<HalfLater>},
                                  Variant{"rounded_later", make<RoundedLater>},
                                  Variant{"overwrites_input", make<OverwritesInput>},
                                  Variant{"writes_past_the_end", make<WritesPastTheEnd>},
                                  Variant{"first_call_only", make<FirstCallOnly>},
                                  Variant{"works_on_poison_only", make<WorksOnPoisonOnly>},
                                  Variant{"caches_by_address", make<CachesByAddress>},
                                  Variant{"more_threads", make<MoreThreads>},
                                  Variant{"finishes_later", make<FinishesLater>},
                                  Variant{"one_element", make<OneElement>}};

class Cheats final : public Backend {
 public:
  explicit Cheats(const Settings&) {}
  std::string version() const override { return "cheats"; }
  Facts facts() const override { return {}; }
  Device& device() override { return device_; }
  std::vector<std::string> variants(const Op&) const override {
    std::vector<std::string> names;
    for (const auto& variant : kVariants) names.emplace_back(variant.name);
    return names;
  }
  Support supports(const Op& op, const PrepareOptions&) const override {
    const auto* gemm = std::get_if<Gemm>(&op);
    const bool plain = gemm != nullptr && gemm->dtype == DType::f32 && gemm->batch == 1;
    if (!plain || gemm->transpose_a || gemm->transpose_b) return Support::no("plain f32 GEMM only");
    return {};
  }
  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    const auto* variant = std::ranges::find(kVariants, options.variant, &Variant::name);
    if (variant == kVariants.end()) variant = kVariants.begin();
    return variant->make(std::get<Gemm>(op), variant->name);
  }

 private:
  HostDevice device_;
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("cheats", whygpu::Cheats)
