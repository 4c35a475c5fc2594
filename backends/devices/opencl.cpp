#include "backends/devices/opencl.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <mutex>
#include <stdexcept>

#include "backends/devices/hwmon.h"
#include "backends/devices/opencl_platforms.h"
#include "whygpu/host_device.h"

namespace whygpu {
namespace {

constexpr cl_device_info kAmdFreeMemory = 0x4039;  // of cl_amd_device_attribute_query, in KiB

// Evicts the largest cache of today's GPUs, whatever the driver calls its cache.
constexpr std::size_t kGpuFlushBytes = std::size_t{512} << 20;

std::string listed(const std::vector<cl_device_id>& devices) {
  std::string text;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(i) + ": " + opencl_device_name(devices[i]) + " (" +
            opencl_platform_name(devices[i]) + ")";
  }
  return text;
}

cl_device_id device_at(int index) {
  const auto devices = opencl_devices();
  if (index < 0 || index >= static_cast<int>(devices.size())) {
    throw std::runtime_error("no OpenCL device " + std::to_string(index) + "; there are " + listed(devices));
  }
  return devices[static_cast<std::size_t>(index)];
}

// The time between two markers, which the device takes when all work before them is done.
class OpenClStopwatch final : public Stopwatch {
 public:
  explicit OpenClStopwatch(cl_command_queue queue) : queue_(queue) {}
  ~OpenClStopwatch() override {
    forget(start_);
    forget(stop_);
  }
  OpenClStopwatch(const OpenClStopwatch&) = delete;
  OpenClStopwatch& operator=(const OpenClStopwatch&) = delete;

  void start() override { mark(start_, "starting the stopwatch"); }
  void stop() override { mark(stop_, "stopping the stopwatch"); }
  double seconds() override {
    if (start_ == nullptr || stop_ == nullptr) throw std::logic_error("the stopwatch was not started and stopped");
    opencl_check(clWaitForEvents(1, &stop_), "waiting for the stopwatch");
    return 1e-9 * (static_cast<double>(passed_at(stop_)) - static_cast<double>(passed_at(start_)));
  }

 private:
  static void forget(cl_event& event) {
    if (event != nullptr) clReleaseEvent(event);
    event = nullptr;
  }
  void mark(cl_event& event, const char* what) {
    forget(event);
    opencl_check(clEnqueueMarkerWithWaitList(queue_, 0, nullptr, &event), what);
  }
  static cl_ulong passed_at(cl_event event) {
    cl_ulong nanoseconds = 0;
    opencl_check(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof nanoseconds, &nanoseconds, nullptr),
                 "reading the stopwatch");
    return nanoseconds;
  }

  cl_command_queue queue_;
  cl_event start_ = nullptr, stop_ = nullptr;
};

// Ranges of host memory that the driver allocated, and perhaps page-locked.
class PinnedRanges {
 public:
  void add(const void* memory, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    ranges_[static_cast<const std::byte*>(memory)] = bytes;
  }
  void remove(const void* memory) {
    const std::lock_guard lock(mutex_);
    ranges_.erase(static_cast<const std::byte*>(memory));
  }
  bool contains(const void* memory, std::size_t bytes) const {
    const std::lock_guard lock(mutex_);
    const auto* first = static_cast<const std::byte*>(memory);
    auto range = ranges_.upper_bound(first);
    if (range == ranges_.begin()) return false;
    --range;
    return first + bytes <= range->first + range->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<const std::byte*, std::size_t> ranges_;
};

std::string yes_no(bool yes) { return yes ? "yes" : "no"; }

}  // namespace

// Shared with pinned memory, which may outlive the device.
struct OpenClDevice::State {
  cl_device_id id = nullptr;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr;
  bool is_cpu = false;
  OpenClBuffer flush;
  cl_uint flushes = 0;
  PinnedRanges pinned;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    flush = OpenClBuffer();
    if (queue != nullptr) clReleaseCommandQueue(queue);
    if (context != nullptr) clReleaseContext(context);
  }
};

OpenClDevice::OpenClDevice(int index) : state_(std::make_shared<State>()) {
  State& state = *state_;
  state.id = device_at(index);
  state.is_cpu = (opencl_value<cl_device_type>(state.id, CL_DEVICE_TYPE).value_or(0) & CL_DEVICE_TYPE_CPU) != 0;
  const std::string what = "opening device " + std::to_string(index) + ", " + opencl_device_name(state.id);
  if (opencl_value<cl_bool>(state.id, CL_DEVICE_AVAILABLE) == std::optional<cl_bool>(CL_FALSE)) {
    opencl_check(CL_DEVICE_NOT_AVAILABLE, what);
  }
  const cl_context_properties platform[] = {
      CL_CONTEXT_PLATFORM,
      reinterpret_cast<cl_context_properties>(*opencl_value<cl_platform_id>(state.id, CL_DEVICE_PLATFORM)), 0};
  cl_int status = CL_SUCCESS;
  state.context = clCreateContext(platform, 1, &state.id, nullptr, nullptr, &status);
  opencl_check(status, what);
  state.queue = clCreateCommandQueue(state.context, state.id, CL_QUEUE_PROFILING_ENABLE, &status);
  opencl_check(status, "creating a queue");
}

OpenClDevice::~OpenClDevice() = default;

cl_context OpenClDevice::context() const { return state_->context; }
cl_device_id OpenClDevice::id() const { return state_->id; }
cl_command_queue OpenClDevice::commands() const { return state_->queue; }
bool OpenClDevice::is_cpu() const { return state_->is_cpu; }
bool OpenClDevice::has_extension(std::string_view extension) const { return opencl_has_extension(id(), extension); }
bool OpenClDevice::is_pinned(const void* host, std::size_t bytes) const { return state_->pinned.contains(host, bytes); }

std::string OpenClDevice::name() const {
  return is_cpu() ? "OpenCL on the CPU (" + opencl_platform_name(id()) + ")" : opencl_device_name(id());
}

std::size_t OpenClDevice::memory_bytes() const {
  return opencl_value<cl_ulong>(id(), CL_DEVICE_GLOBAL_MEM_SIZE).value_or(0);
}

std::size_t OpenClDevice::free_memory_bytes() const {
  if (is_cpu()) return std::min(memory_bytes(), HostDevice().free_memory_bytes());
  if (has_extension("cl_amd_device_attribute_query")) {
    // The total, and the largest block.
    if (const auto free = opencl_value<std::array<std::size_t, 2>>(id(), kAmdFreeMemory)) return (*free)[0] << 10;
    if (const auto free = opencl_value<std::size_t>(id(), kAmdFreeMemory)) return *free << 10;
  }
  return memory_bytes();
}

std::size_t OpenClDevice::cache_bytes() const {
  const std::size_t told = opencl_value<cl_ulong>(id(), CL_DEVICE_GLOBAL_MEM_CACHE_SIZE).value_or(0);
  return is_cpu() ? std::max(told, HostDevice().cache_bytes()) : told;  // PoCL tells 0 in some virtual machines
}

Facts OpenClDevice::facts() const {
  const auto number = [&](cl_device_info parameter) { return opencl_value<cl_uint>(id(), parameter).value_or(0); };
  const auto platform = opencl_value<cl_platform_id>(id(), CL_DEVICE_PLATFORM);
  char largest[32];
  std::snprintf(largest, sizeof largest, "%.4g GB", 1e-9 * static_cast<double>(largest_allocation()));
  Facts facts{
      {"platform", opencl_text(*platform, CL_PLATFORM_NAME) + ", " + opencl_text(*platform, CL_PLATFORM_VERSION)},
      {"opencl_device", opencl_text(id(), CL_DEVICE_NAME)},
      {"vendor", opencl_text(id(), CL_DEVICE_VENDOR)},
      {"driver", opencl_text(id(), CL_DRIVER_VERSION)},
      {"opencl", opencl_text(id(), CL_DEVICE_VERSION)},
      {"compute_units", std::to_string(number(CL_DEVICE_MAX_COMPUTE_UNITS))},
      {"clock_max", std::to_string(number(CL_DEVICE_MAX_CLOCK_FREQUENCY)) + " MHz"},
      {"largest_allocation", largest},
      {"fp16", yes_no(has_extension("cl_khr_fp16"))},
      {"fp64", yes_no(has_extension("cl_khr_fp64"))}};
  if (const std::string pci = opencl_pci_address(id()); !pci.empty()) {
    facts.emplace_back("pci", pci);
    for (auto& fact : hwmon_facts(pci)) facts.push_back(std::move(fact));
  }
  return facts;
}

std::vector<std::pair<std::string, double>> OpenClDevice::readings() const {
  const std::string pci = opencl_pci_address(id());
  if (pci.empty()) return {};
  return hwmon_readings(pci);
}

std::size_t OpenClDevice::largest_allocation() const {
  return opencl_value<cl_ulong>(id(), CL_DEVICE_MAX_MEM_ALLOC_SIZE).value_or(0);
}

std::unique_ptr<Stopwatch> OpenClDevice::make_stopwatch() { return std::make_unique<OpenClStopwatch>(commands()); }

void OpenClDevice::synchronize() { opencl_check(clFinish(commands()), "waiting for the device"); }

void OpenClDevice::flush_cache() {
  State& state = *state_;
  if (state.flush.bytes() == 0) {
    const std::size_t wanted = std::max(2 * cache_bytes(), is_cpu() ? std::size_t{0} : kGpuFlushBytes);
    const std::size_t most = std::min(largest_allocation(), memory_bytes() / 4);
    state.flush = OpenClBuffer(*this, std::clamp(wanted, std::size_t{4096}, most) / 4096 * 4096);
  }
  std::array<cl_uint, 4> pattern{};
  pattern.fill(++state.flushes);
  opencl_check(clEnqueueFillBuffer(state.queue, state.flush.memory(), pattern.data(), sizeof pattern, 0,
                                   state.flush.bytes(), 0, nullptr, nullptr),
               "flushing the cache");
}

// Buffers that the driver allocates in host memory are page-locked by those of GPUs. They stay mapped as long as they
// exist.
std::shared_ptr<void> OpenClDevice::allocate_host(std::size_t bytes) {
  OpenClBuffer buffer(*this, bytes, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR);
  cl_int status = CL_SUCCESS;
  void* host = clEnqueueMapBuffer(commands(), buffer.memory(), CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                                  std::max<std::size_t>(bytes, 1), 0, nullptr, nullptr, &status);
  opencl_check(status, "mapping host memory");
  state_->pinned.add(host, bytes);
  auto shared = std::make_shared<OpenClBuffer>(std::move(buffer));
  return {host, [state = state_, shared](void* memory) {
            state->pinned.remove(memory);
            clEnqueueUnmapMemObject(state->queue, shared->memory(), memory, 0, nullptr, nullptr);
            clFinish(state->queue);  // a lost device says so elsewhere
          }};
}

std::unique_ptr<Tensor> OpenClDevice::allocate(std::size_t bytes) {
  return std::make_unique<OpenClTensor>(*this, bytes);
}

std::unique_ptr<Tensor> OpenClDevice::view(Tensor& whole, std::size_t offset, std::size_t bytes) {
  const OpenClSpan span = opencl_span(&whole);
  return std::make_unique<OpenClTensor>(*this, span.memory, span.offset + offset, bytes);
}

}  // namespace whygpu
