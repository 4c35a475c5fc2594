// Memory of the bare loops, and their own way to evict it from caches.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "benchmarks/oracles/random_input.h"

namespace whygpu {

// Values of which every page was written. From 8 MiB on they lie on huge pages, as tensors of the backends do.
class Floats {
 public:
  explicit Floats(std::int64_t count, float value = 0) : count_(count) {
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    const std::size_t alignment = bytes() >= 4 * kHugePage ? kHugePage : 64;
    const std::size_t size = (bytes() + alignment - 1) / alignment * alignment;
    values_.reset(static_cast<float*>(std::aligned_alloc(alignment, size)));
    if (!values_) throw std::bad_alloc();
    if (alignment == kHugePage) madvise(values_.get(), size, MADV_HUGEPAGE);
    std::fill_n(values_.get(), count, value);
  }

  // Uniform in [-bound, bound).
  static Floats random(std::int64_t count, std::uint64_t seed, float bound = 1) {
    Floats result(count);
    Random random(seed);
    for (std::int64_t i = 0; i < count; ++i) result.data()[i] = bound * static_cast<float>(random.uniform());
    return result;
  }

  float* data() { return values_.get(); }
  std::size_t bytes() const { return static_cast<std::size_t>(count_) * sizeof(float); }

 private:
  struct Free {
    void operator()(float* values) const { std::free(values); }
  };
  std::int64_t count_;
  std::unique_ptr<float, Free> values_;
};

// As the C library knows it from the processor, or as given by the environment variable BARE_CACHE_MIB: a virtual
// machine may see the cache of a whole socket, of which it can use a part.
inline std::int64_t largest_cache_bytes() {
  if (const char* given = std::getenv("BARE_CACHE_MIB")) return std::int64_t{std::atoi(given)} << 20;
  return std::max({std::int64_t{32} << 20, static_cast<std::int64_t>(sysconf(_SC_LEVEL2_CACHE_SIZE)),
                   static_cast<std::int64_t>(sysconf(_SC_LEVEL3_CACHE_SIZE)),
                   static_cast<std::int64_t>(sysconf(_SC_LEVEL4_CACHE_SIZE))});
}

// Sets of `bytes` that fill twice the largest cache.
inline std::int64_t cold_sets(std::int64_t bytes) { return 2 * largest_cache_bytes() / bytes + 1; }

// Replaces the contents of all caches by reading memory that nobody else uses, so that no line is left to be written.
class Eviction {
 public:
  void run() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < memory_.size(); i += 8) sum += memory_[i];
    volatile std::uint64_t kept = sum;
    static_cast<void>(kept);
  }

 private:
  std::vector<std::uint64_t> memory_ = std::vector<std::uint64_t>(2 * largest_cache_bytes() / 8, 1);
};

}  // namespace whygpu
