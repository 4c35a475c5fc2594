#include "backends/layers/host/cpu_layers.h"

#include <algorithm>
#include <map>
#include <string>

#include "whygpu/host_device.h"

namespace whygpu {
namespace {

using host_layers::BoundKernel;
using host_layers::HostLayer;
using host_layers::Range;

// Fewer elements than this are not worth waking a thread.
constexpr std::int64_t kElementsPerTask = 16 << 10;

// The newest instruction set of this CPU: its name in the tables, and its usual name.
struct Isa {
  std::string_view table, name;
};

Isa best_isa() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd")) {
    return {"avx512", "AVX-512"};
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    return {"avx2", "AVX2"};
  }
#elif defined(__aarch64__)
  return {"baseline", "NEON"};
#endif
  return {"baseline", "baseline"};
}

class OneThread final : public HostThreads {
 public:
  int count() const override { return 1; }
  void run(int, const std::function<void(int)>& task) override { task(0); }
};

// Splits items among threads and adds up their sums.
class ThreadsTeam final : public host_layers::Team {
 public:
  ThreadsTeam(HostThreads& threads, std::int64_t elements)
      : threads_(threads), most_tasks_(std::clamp<std::int64_t>(elements / kElementsPerTask, 1, threads.count())) {}

  void run(const BoundKernel& kernel, std::int64_t items) override {
    const int tasks = tasks_for(items);
    threads_.run(tasks, [&](int task) { kernel.call(kernel.self, range(items, task, tasks), nullptr); });
  }

  const float* sum(const BoundKernel& kernel, std::int64_t items, std::int64_t width) override {
    const int tasks = tasks_for(items);
    const std::int64_t slice = (2 * width + 15) / 16 * 16;
    partial_.resize(static_cast<std::size_t>(slice * tasks));
    threads_.run(
        tasks, [&](int task) { kernel.call(kernel.self, range(items, task, tasks), partial_.data() + task * slice); });
    for (int task = 1; task < tasks; ++task) {
      for (std::int64_t i = 0; i < width; ++i) partial_[i] += partial_[task * slice + i];
    }
    return partial_.data();
  }

 private:
  int tasks_for(std::int64_t items) const { return static_cast<int>(std::clamp<std::int64_t>(items, 1, most_tasks_)); }
  static Range range(std::int64_t items, int task, int tasks) {
    return {items * task / tasks, items * (task + 1) / tasks};
  }

  HostThreads& threads_;
  std::int64_t most_tasks_;
  std::vector<float> partial_;
};

class CpuLayer final : public HostOperation {
 public:
  CpuLayer(const Layer& layer, const HostLayer& host, HostThreads& threads, std::string implementation)
      : HostOperation(layer.arguments()),
        layer_(layer),
        host_(host),
        team_(threads, largest_argument(layer)),
        implementation_(std::move(implementation)) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    void* storage[16];
    for (std::size_t i = 0; i < tensors.size(); ++i) storage[i] = tensors[i]->address();
    host_.run(layer_.description(), storage, team_);
  }

  std::string implementation() const override { return implementation_; }

 private:
  static std::int64_t largest_argument(const Layer& layer) {
    std::int64_t most = 0;
    for (const TensorSpec& spec : layer.arguments()) most = std::max(most, spec.elements());
    return most;
  }

  Layer layer_;
  HostLayer host_;
  ThreadsTeam team_;
  std::string implementation_;
};

class CpuLayers final : public LayerKernels {
 public:
  explicit CpuLayers(Device& device) : threads_(static_cast<HostThreads*>(device.queue())) {
    if (threads_ == nullptr) threads_ = &one_thread_;
    const Isa isa = best_isa();
    implementation_ =
        "fallback: whygpu " + std::string(isa.name) + " kernels, threads=" + std::to_string(threads_->count());
    for (const HostLayer* table : host_layers::tables(isa.table)) {
      for (; !table->name.empty(); ++table) layers_.emplace(table->name, *table);
    }
  }

  std::unique_ptr<Operation> prepare(const Layer& layer) override {
    const auto found = layers_.find(layer.name());
    if (found == layers_.end()) return nullptr;
    return std::make_unique<CpuLayer>(layer, found->second, *threads_, implementation_);
  }

 private:
  OneThread one_thread_;
  HostThreads* threads_;
  std::string implementation_;
  std::map<std::string_view, HostLayer> layers_;
};

}  // namespace

std::unique_ptr<LayerKernels> make_cpu_layers(Device& device) { return std::make_unique<CpuLayers>(device); }

}  // namespace whygpu
