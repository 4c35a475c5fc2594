#include "whygpu/host_device.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>

#include "backends/devices/cpu_model.h"

namespace whygpu {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kGuard = 64;  // bytes
constexpr std::byte kGuardByte{0xb5};
constexpr std::size_t kHugePage = std::size_t{2} << 20;

class SteadyStopwatch final : public Stopwatch {
 public:
  void start() override { start_ = std::chrono::steady_clock::now(); }
  void stop() override { stop_ = std::chrono::steady_clock::now(); }
  double seconds() override { return std::chrono::duration<double>(stop_ - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_, stop_;
};

// Bytes of the line "KEY:   123 kB" in /proc/meminfo; 0 if it is missing.
std::size_t meminfo(std::string_view key) {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    if (word.substr(0, word.size() - 1) != key) continue;
    std::size_t kilobytes = 0;
    file >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

HostTensor::HostTensor(TensorSpec spec) : spec_(std::move(spec)) {
  // Large tensors start on a huge page, so that address translation costs all backends the same. The guard before them
  // takes a page of its own, of which only the end is written.
  const std::size_t alignment = spec_.bytes() >= 4 * kHugePage ? kHugePage : kAlignment;
  const std::size_t size = (spec_.bytes() + kGuard + alignment - 1) / alignment * alignment;
  storage_.reset(std::aligned_alloc(alignment, alignment + size));
  if (!storage_) throw std::runtime_error("out of memory: a tensor needs " + std::to_string(size) + " bytes");
  auto* const data = static_cast<std::byte*>(storage_.get()) + alignment;
  data_ = data;
  if (alignment == kHugePage) madvise(data_, size, MADV_HUGEPAGE);
  std::fill_n(data - kGuard, kGuard, kGuardByte);
  std::fill_n(data + spec_.bytes(), kGuard, kGuardByte);
}

bool HostTensor::intact() const {
  if (!storage_) return true;  // a view: the values next to it belong to others
  const auto* const data = static_cast<const std::byte*>(data_);
  const auto untouched = [](std::byte byte) { return byte == kGuardByte; };
  return std::all_of(data - kGuard, data, untouched) &&
         std::all_of(data + spec_.bytes(), data + spec_.bytes() + kGuard, untouched);
}

void HostTensor::upload(const void* row_major) { std::memcpy(data_, row_major, spec_.bytes()); }
void HostTensor::download(void* row_major) const { std::memcpy(row_major, data_, spec_.bytes()); }

std::string HostDevice::name() const {
  std::ifstream file("/proc/cpuinfo");
  const std::string name = cpu_model(file).name;
  return name.empty() ? "unknown CPU" : name;
}

std::size_t HostDevice::memory_bytes() const { return meminfo("MemTotal"); }
std::size_t HostDevice::free_memory_bytes() const { return meminfo("MemAvailable"); }

std::size_t HostDevice::cache_bytes() const {
  std::size_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size");
    std::size_t kilobytes = 0;
    if (file >> kilobytes) largest = std::max(largest, kilobytes * 1024);
  }
  return largest != 0 ? largest : std::size_t{32} << 20;  // a guess, large enough for most CPUs
}

std::unique_ptr<Stopwatch> HostDevice::make_stopwatch() { return std::make_unique<SteadyStopwatch>(); }

std::unique_ptr<Tensor> HostDevice::allocate(std::size_t bytes) {
  return std::make_unique<HostTensor>(TensorSpec{DType::s8, {static_cast<std::int64_t>(bytes)}});
}

std::unique_ptr<Tensor> HostDevice::view(Tensor& whole, std::size_t offset, std::size_t bytes) {
  return std::make_unique<HostTensor>(TensorSpec{DType::s8, {static_cast<std::int64_t>(bytes)}},
                                      host_data<char>(&whole) + offset);
}

void HostDevice::flush_cache() {
  if (flush_buffer_.empty()) flush_buffer_.resize(2 * cache_bytes());
  for (std::size_t i = 0; i < flush_buffer_.size(); i += 64) {
    volatile char& line = flush_buffer_[i];
    line = static_cast<char>(line + 1);
  }
}

}  // namespace whygpu
