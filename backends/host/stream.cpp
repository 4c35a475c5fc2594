// STREAM on host memory: every thread takes one contiguous part of the vectors.
#include <algorithm>
#include <array>
#include <cstring>

#include "backends/host/host.h"
#include "backends/host/stream_kernels.h"
#include "whygpu/host_device.h"

namespace whygpu::host {
namespace {

constexpr std::string_view kStores = "stores", kNontemporal = "nontemporal", kMemcpy = "memcpy";

// First element of part `index` of `parts`; parts start on a cache line.
std::int64_t part_begin(std::int64_t elements, std::int64_t line, int index, int parts) {
  return index == parts ? elements : elements / parts * index / line * line;
}

template <class T>
class HostStream final : public HostOperation {
 public:
  HostStream(const Stream& stream, std::string_view variant, ThreadTeam& team)
      : HostOperation(stream.arguments()),
        stream_(stream),
        variant_(variant),
        team_(team),
        partial_sums_(static_cast<std::size_t>(team.count())) {}

  // Memory belongs to the NUMA node of the thread that first touches it, so each thread touches its own part.
  std::unique_ptr<Tensor> allocate(int index) override {
    auto tensor = HostOperation::allocate(index);
    auto* values = host_data<T>(tensor.get());
    const bool scalar = static_cast<HostTensor&>(*tensor).spec().elements() == 1;
    team_.run([&](int thread) {
      if (scalar ? thread == 0 : begin(thread) < end(thread)) {
        std::memset(values + (scalar ? 0 : begin(thread)), 0, (scalar ? 1 : end(thread) - begin(thread)) * sizeof(T));
      }
    });
    return tensor;
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const T* x = host_data<T>(tensors.front());
    const T* y = stream_.inputs() == 2 ? host_data<T>(tensors[1]) : nullptr;
    T* result = host_data<T>(tensors.back());
    if (stream_.kernel == StreamKernel::sum) {
      team_.run([&](int thread) { sum(x, thread); });
      *result = 0;
      for (const auto& partial : partial_sums_) *result += partial.value;
    } else {
      team_.run([&](int thread) { run(x, y, result, thread); });
    }
  }

  std::string implementation() const override {
    const std::string threads = ", " + std::to_string(team_.count()) + (team_.count() == 1 ? " thread" : " threads");
    if (variant_ == kMemcpy) return "memcpy of the C library" + threads;
    if (stream_.kernel == StreamKernel::sum) return std::string(stream_loops<T>().isa) + " loads, 8 chains" + threads;
    return std::string(stream_loops<T>().isa) +
           (variant_ == kNontemporal ? ", non-temporal stores" : ", ordinary stores") + threads;
  }

 private:
  struct alignas(64) PartialSum {
    T value = 0;
  };

  std::int64_t begin(int thread) const {
    return part_begin(stream_.elements, static_cast<std::int64_t>(64 / sizeof(T)), thread, team_.count());
  }
  std::int64_t end(int thread) const { return begin(thread + 1); }

  void run(const T* x, const T* y, T* result, int thread) const {
    const auto& loops = stream_loops<T>();
    const auto kernel = static_cast<std::size_t>(stream_.kernel);
    const auto loop = variant_ == kNontemporal ? loops.nontemporal[kernel] : loops.stores[kernel];
    const std::int64_t first = begin(thread), count = end(thread) - first;
    for (std::int64_t pass = 0; pass < stream_.passes; ++pass) {
      if (variant_ == kMemcpy) {
        std::memcpy(result + first, x + first, static_cast<std::size_t>(count) * sizeof(T));
      } else {
        loop(x + first, y == nullptr ? nullptr : y + first, result + first, count);
      }
      __asm__ volatile("" : : : "memory");
    }
    if (variant_ == kNontemporal) fence_stores();
  }

  void sum(const T* x, int thread) {
    const std::int64_t first = begin(thread), count = end(thread) - first;
    for (std::int64_t pass = 0; pass < stream_.passes; ++pass) {
      partial_sums_[static_cast<std::size_t>(thread)].value = stream_loops<T>().sum(x + first, count);
      __asm__ volatile("" : : : "memory");
    }
  }

  Stream stream_;
  std::string variant_;
  ThreadTeam& team_;
  std::vector<PartialSum> partial_sums_;
};

std::size_t bytes(const Stream& stream) {
  std::size_t total = 0;
  for (const auto& spec : stream.arguments()) total += spec.bytes();
  return total;
}

}  // namespace

std::vector<std::string> variants(const Stream& stream, std::size_t cache_bytes) {
  if (stream.kernel == StreamKernel::sum) return {};
  std::vector<std::string> names{std::string(kStores)};
  if (stream_loops<float>().has_nontemporal) {
    const bool past_caches = bytes(stream) > cache_bytes && stream.passes == 1;
    names.insert(past_caches ? names.begin() : names.end(), std::string(kNontemporal));
  }
  if (stream.kernel == StreamKernel::copy) names.emplace_back(kMemcpy);
  return names;
}

Support supports(const Stream& stream, std::string_view) {
  if (stream.dtype == DType::f32 || stream.dtype == DType::f64) return {};
  return Support::no("the host backend has STREAM in f32 and f64 only");
}

std::unique_ptr<Operation> prepare(const Stream& stream, std::string_view variant, std::size_t cache_bytes,
                                   ThreadTeam& team) {
  const auto names = variants(stream, cache_bytes);
  const std::string chosen = variant.empty() && !names.empty() ? names.front() : std::string(variant);
  if (stream.dtype == DType::f32) return std::make_unique<HostStream<float>>(stream, chosen, team);
  return std::make_unique<HostStream<double>>(stream, chosen, team);
}

}  // namespace whygpu::host
