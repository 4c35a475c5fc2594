// Arithmetic in registers, and the clock that it runs at.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "backends/dtypes.h"
#include "backends/host/host.h"
#include "backends/host/peak_kernels.h"
#include "whygpu/host_device.h"

namespace whygpu::host {
namespace {

bool runs_here(const PeakKernel& kernel) { return kernel.needs == nullptr || isa().*kernel.needs; }

// Null when this processor has no such kernel.
const PeakKernel* find_kernel(DType dtype, std::string_view variant) {
  for (const PeakKernel& kernel : peak_kernels()) {
    if (kernel.dtype == dtype && runs_here(kernel) && (variant.empty() || kernel.variant == variant)) return &kernel;
  }
  return nullptr;
}

std::string threads_text(int threads) { return std::to_string(threads) + (threads == 1 ? " thread" : " threads"); }

// " (this processor has no amx)": the faster kernels that are missing; empty if there are none.
std::string missing_kernels(const PeakKernel& chosen) {
  std::string names;
  for (const PeakKernel& kernel : peak_kernels()) {
    if (&kernel == &chosen) break;
    if (kernel.dtype != chosen.dtype || runs_here(kernel)) continue;
    names += (names.empty() ? "" : ", ") + std::string(kernel.variant);
  }
  return names.empty() ? "" : " (this processor has no " + names + ")";
}

// Calls f(T{}) with the type of one lane of an accumulator.
template <class F>
void with_lane(DType lane, F&& f) {
  switch (lane) {
    case DType::f64: return f(double{});
    case DType::f32: return f(float{});
    case DType::f16: return f(Half{});
    default: return f(std::int32_t{});
  }
}

// Fills with integers from 1 to `limit`, in a fixed pseudo-random order, negated by a negative `sign`.
template <class T>
void fill_factor(std::byte* bytes, std::size_t size, int limit, int sign) {
  std::uint32_t state = 12345;
  for (std::size_t at = 0; at < size; at += sizeof(T)) {
    state = state * 1664525U + 1013904223U;
    const T value(static_cast<float>(sign * static_cast<int>(1 + (state >> 8) % static_cast<std::uint32_t>(limit))));
    std::memcpy(bytes + at, &value, sizeof(T));
  }
}

// The largest integers that keep every sum exact: 11 bits of an f16 accumulator, 24 of an f32 one.
int factor_limit(const PeakKernel& kernel) {
  switch (kernel.dtype) {
    case DType::f64: return 1 << 20;
    case DType::f32: return 1023;
    case DType::f16: return 8;
    case DType::bf16: return 255;
    default: return 100;
  }
}

void fill_factors(const PeakKernel& kernel, PeakData& data) {
  const int limit = factor_limit(kernel);
  const auto fill = [&]<class T>(T) {
    fill_factor<T>(data.a, sizeof data.a, limit, 1);
    fill_factor<T>(data.b, sizeof data.b, limit, 1);
    fill_factor<T>(data.minus_b, sizeof data.minus_b, limit, -1);
  };
  if (kernel.dtype == DType::s8) return fill(std::int8_t{});
  with_storage_type(kernel.dtype, fill);
}

class HostPeak final : public HostOperation {
 public:
  HostPeak(const Peak& peak, const PeakKernel& kernel, ThreadTeam& team)
      : HostOperation(peak.arguments()), kernel_(kernel), team_(team) {
    const double rounds = static_cast<double>(peak.operations) / static_cast<double>(kernel.operations_per_round());
    rounds_ = static_cast<std::int64_t>(rounds / team.count()) + 1;
    for (int thread = 0; thread < team.count(); ++thread) {
      data_.push_back(std::make_unique<PeakData>());
      fill_factors(kernel, *data_.back());
    }
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    with_lane(kernel_.lane, [&]<class Lane>(Lane) {
      if (kernel_.lane == DType::f64) return run<Lane>(host_data<double>(tensors[0]), host_data<double>(tensors[1]));
      if (kernel_.lane == DType::s32) {
        return run<Lane>(host_data<std::int32_t>(tensors[0]), host_data<std::int32_t>(tensors[1]));
      }
      run<Lane>(host_data<float>(tensors[0]), host_data<float>(tensors[1]));
    });
  }

  std::string implementation() const override {
    return std::string(kernel_.instruction) + ", " + std::to_string(kernel_.chains) + " chains in registers, " +
           threads_text(team_.count()) + missing_kernels(kernel_);
  }

 private:
  // x and y are one line of 64 bytes; an accumulator that is larger or of another type repeats its values.
  template <class Lane, class T>
  void run(const T* x, T* y) {
    constexpr std::size_t kLine = 64 / sizeof(T);
    const std::size_t lanes =
        static_cast<std::size_t>(kernel_.register_bytes) * static_cast<std::size_t>(kernel_.chains) / sizeof(Lane);
    team_.run([&](int thread) {
      PeakData& data = *data_[static_cast<std::size_t>(thread)];
      auto* start = reinterpret_cast<Lane*>(data.start);
      for (std::size_t i = 0; i < lanes; ++i) start[i] = static_cast<Lane>(x[i % kLine]);
      kernel_.run(rounds_, data);
    });
    std::copy(x, x + kLine, y);
    for (const auto& data : data_) {
      const auto* end = reinterpret_cast<const Lane*>(data->end);
      for (std::size_t i = 0; i < lanes; ++i) y[i % kLine] += static_cast<T>(end[i]) - x[i % kLine];
    }
  }

  const PeakKernel& kernel_;
  ThreadTeam& team_;
  std::int64_t rounds_ = 0;
  std::vector<std::unique_ptr<PeakData>> data_;
};

class HostClock final : public HostOperation {
 public:
  HostClock(const CycleChain& clock, ThreadTeam& team) : HostOperation({}), cycles_(clock.cycles), team_(team) {}
  void enqueue(std::span<Tensor* const>) override {
    team_.run([this](int) { run_clock_chain(cycles_); });
  }
  std::string implementation() const override {
    return "chain of dependent " + std::string(clock_instruction()) + ", " + threads_text(team_.count());
  }

 private:
  std::int64_t cycles_;
  ThreadTeam& team_;
};

class HostLaunch final : public HostOperation {
 public:
  HostLaunch(const Launch& launch, ThreadTeam& team) : HostOperation({}), launches_(launch.launches), team_(team) {}
  void enqueue(std::span<Tensor* const>) override {
    for (std::int64_t i = 0; i < launches_; ++i) team_.run([](int) {});
  }
  std::string implementation() const override { return "empty task on " + threads_text(team_.count()); }

 private:
  std::int64_t launches_;
  ThreadTeam& team_;
};

}  // namespace

std::vector<std::string> variants(const Peak& peak) {
  std::vector<std::string> names;
  for (const PeakKernel& kernel : peak_kernels()) {
    if (kernel.dtype == peak.dtype && runs_here(kernel)) names.emplace_back(kernel.variant);
  }
  return names;
}

Support supports(const Peak& peak, std::string_view variant) {
  if (find_kernel(peak.dtype, variant) != nullptr) return {};
  return Support::no("this processor has no multiply-add instruction for " + std::string(dtype_name(peak.dtype)));
}

std::unique_ptr<Operation> prepare(const Peak& peak, std::string_view variant, ThreadTeam& team) {
  return std::make_unique<HostPeak>(peak, *find_kernel(peak.dtype, variant), team);
}

std::unique_ptr<Operation> prepare(const CycleChain& clock, ThreadTeam& team) {
  return std::make_unique<HostClock>(clock, team);
}
std::unique_ptr<Operation> prepare(const Launch& launch, ThreadTeam& team) {
  return std::make_unique<HostLaunch>(launch, team);
}

}  // namespace whygpu::host
