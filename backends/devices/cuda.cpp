#include "backends/devices/cuda.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "backends/devices/cuda_cache_flush.h"
#include "backends/devices/cuda_hold.h"
#include "backends/devices/facts.h"
#include "backends/devices/nvml.h"

namespace whygpu {
namespace {

constexpr std::size_t kGuard = 256;  // bytes: the alignment of device memory
constexpr unsigned char kGuardByte = 0xb5;

std::string mebibytes(std::size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text;
}

// 13020 is "13.2".
std::string cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// Errors of machines that cannot run CUDA at all.
void check_driver(int index) {
  int driver = 0;
  int runtime = 0;
  cuda_check(cudaDriverGetVersion(&driver), "driver version");
  cuda_check(cudaRuntimeGetVersion(&runtime), "runtime version");
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (driver == 0) {
    throw std::runtime_error(std::string("no CUDA driver (libcuda.so.1) on this machine: ") +
                             cudaGetErrorString(status));
  }
  if (status == cudaErrorInsufficientDriver) {
    throw std::runtime_error("the CUDA driver is too old: it supports CUDA " + cuda_version(driver) +
                             ", this build needs " + cuda_version(runtime) + " (" + cudaGetErrorString(status) + ")");
  }
  cuda_check(status, status == cudaErrorNoDevice ? "no CUDA device" : "looking for CUDA devices");
  if (index < 0 || index >= count) {
    throw std::runtime_error("no CUDA device " + std::to_string(index) + ": there are " + std::to_string(count) +
                             ", numbered from 0");
  }
}

class CudaStopwatch final : public Stopwatch {
 public:
  explicit CudaStopwatch(cudaStream_t stream) : stream_(stream) {
    cuda_check(cudaEventCreate(&start_), "creating an event");
    cuda_check(cudaEventCreate(&stop_), "creating an event");
  }
  ~CudaStopwatch() override {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }

  void start() override { cuda_check(cudaEventRecord(start_, stream_), "starting the stopwatch"); }
  void stop() override { cuda_check(cudaEventRecord(stop_, stream_), "stopping the stopwatch"); }
  double seconds() override {
    float milliseconds = 0;
    cuda_check(cudaEventSynchronize(stop_), "waiting for the stopwatch");
    cuda_check(cudaEventElapsedTime(&milliseconds, start_, stop_), "reading the stopwatch");
    return milliseconds * 1e-3;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t start_ = nullptr;
  cudaEvent_t stop_ = nullptr;
};

// Including those of graphs launched within it.
std::size_t node_count(cudaGraph_t graph) {
  std::size_t count = 0;
  cuda_check(cudaGraphGetNodes(graph, nullptr, &count), "counting a graph's nodes");
  std::vector<cudaGraphNode_t> nodes(count);
  cuda_check(cudaGraphGetNodes(graph, nodes.data(), &count), "counting a graph's nodes");
  for (const cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    cuda_check(cudaGraphNodeGetType(node, &type), "counting a graph's nodes");
    if (type != cudaGraphNodeTypeGraph) continue;
    cudaGraph_t child = nullptr;
    cuda_check(cudaGraphChildGraphNodeGetGraph(node, &child), "counting a graph's nodes");
    count += node_count(child);
  }
  return count;
}

class CudaGraph final : public Graph {
 public:
  CudaGraph(cudaStream_t stream, const std::function<void()>& enqueue_all) : stream_(stream) {
    cuda_check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "starting a capture");
    cudaGraph_t graph = nullptr;
    try {
      enqueue_all();
    } catch (...) {
      cudaStreamEndCapture(stream, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      cudaGetLastError();  // the exception reports the broken capture
      throw;
    }
    cuda_check(cudaStreamEndCapture(stream, &graph), "ending a capture");
    nodes_ = node_count(graph);
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    cuda_check(status, "building a graph");
    cuda_check(cudaGraphUpload(executable_, stream), "uploading a graph");
  }
  ~CudaGraph() override {
    if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
  }

  void enqueue() override { cuda_check(cudaGraphLaunch(executable_, stream_), "launching a graph"); }
  std::size_t nodes() const override { return nodes_; }

 private:
  cudaStream_t stream_;
  cudaGraphExec_t executable_ = nullptr;
  std::size_t nodes_ = 0;
};

}  // namespace

void cuda_check(cudaError_t status, std::string_view what) {
  if (status == cudaSuccess) return;
  throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) +
                           ")");
}

CudaBuffer::CudaBuffer(std::size_t bytes) : bytes_(bytes) {
  const cudaError_t status = cudaMalloc(&data_, std::max<std::size_t>(bytes, 1));
  if (status != cudaErrorMemoryAllocation) {
    cuda_check(status, "device memory");
    return;
  }
  cudaGetLastError();  // not sticky: the next call should not report it again
  std::size_t free = 0;
  std::size_t total = 0;
  cuda_check(cudaMemGetInfo(&free, &total), "free device memory");
  throw std::runtime_error("out of device memory: " + mebibytes(bytes) + " requested, " + mebibytes(free) +
                           " free of " + mebibytes(total));
}

CudaBuffer::~CudaBuffer() {
  if (data_ != nullptr) cudaFree(data_);
}

struct CudaDevice::State {
  cudaDeviceProp properties{};
  std::string bus_id;
  cudaStream_t stream = nullptr;
  std::optional<CudaHold> hold;
  std::optional<CudaCacheFlush> flush;
  std::unique_ptr<NvmlDevice> nvml;
  std::string no_nvml;  // why NVML is missing
  std::optional<ThrottleWatch> throttle;

  ~State() {
    if (hold) hold->release();
    if (stream != nullptr) cudaStreamDestroy(stream);
  }
};

CudaDevice::CudaDevice(int index) : state_(std::make_unique<State>()) {
  check_driver(index);
  cuda_check(cudaSetDevice(index), "opening device " + std::to_string(index));
  cuda_check(cudaGetDeviceProperties(&state_->properties, index), "device properties");
  cuda_check_chip();
  cuda_check(cudaStreamCreateWithFlags(&state_->stream, cudaStreamNonBlocking), "creating a stream");
  state_->hold.emplace();
  char bus_id[32] = "";
  cuda_check(cudaDeviceGetPCIBusId(bus_id, sizeof bus_id, index), "PCI address");
  state_->bus_id = bus_id;
  try {
    state_->nvml = std::make_unique<NvmlDevice>(bus_id);
    state_->throttle.emplace(*state_->nvml);
  } catch (const std::exception& error) {
    state_->no_nvml = error.what();
  }
}

CudaDevice::~CudaDevice() = default;

std::string CudaDevice::name() const { return state_->properties.name; }
std::size_t CudaDevice::memory_bytes() const { return state_->properties.totalGlobalMem; }
std::size_t CudaDevice::cache_bytes() const { return static_cast<std::size_t>(state_->properties.l2CacheSize); }
cudaStream_t CudaDevice::stream() const { return state_->stream; }
const cudaDeviceProp& CudaDevice::properties() const { return state_->properties; }

std::size_t CudaDevice::free_memory_bytes() const {
  std::size_t free = 0;
  std::size_t total = 0;
  cuda_check(cudaMemGetInfo(&free, &total), "free device memory");
  return free;
}

Facts CudaDevice::facts() const {
  const cudaDeviceProp& chip = state_->properties;
  int driver = 0;
  int runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  Facts facts{{"compute_capability", std::to_string(chip.major) + "." + std::to_string(chip.minor)},
              {"multiprocessors", std::to_string(chip.multiProcessorCount)},
              {"memory_bus", std::to_string(chip.memoryBusWidth) + " bit"},
              {"pci", state_->bus_id},
              {"cuda_driver", cuda_version(driver)},
              {"cuda_runtime", cuda_version(runtime)}};
  if (state_->nvml == nullptr) {
    facts.emplace_back("nvml", state_->no_nvml);
    add_fact(facts, "ecc", std::optional(chip.ECCEnabled != 0));
    return facts;
  }
  const NvmlDevice& nvml = *state_->nvml;
  facts.emplace_back("driver", nvml.driver_version());
  add_fact(facts, "sm_clock", nvml.sm_mhz(), " MHz");
  add_fact(facts, "sm_clock_max", nvml.sm_max_mhz(), " MHz");
  add_fact(facts, "sm_clock_application", nvml.sm_application_mhz(), " MHz");
  add_fact(facts, "memory_clock", nvml.memory_mhz(), " MHz");
  add_fact(facts, "power", nvml.power_watts(), " W");
  add_fact(facts, "power_limit", nvml.power_limit_watts(), " W");
  add_fact(facts, "power_limit_default", nvml.power_limit_default_watts(), " W");
  add_fact(facts, "temperature", nvml.temperature_celsius(), " C");
  add_fact(facts, "pcie_generation", nvml.pcie_generation(), "");
  add_fact(facts, "pcie_lanes", nvml.pcie_lanes(), "");
  add_fact(facts, "ecc", nvml.ecc());
  add_fact(facts, "persistence", nvml.persistence());
  add_fact(facts, "mig", nvml.mig());
  if (const auto processes = nvml.processes()) facts.emplace_back("processes", std::to_string(processes->size()));
  facts.emplace_back("clock_limits", clock_limit_names(nvml.clock_limits()));
  return facts;
}

std::unique_ptr<Stopwatch> CudaDevice::make_stopwatch() { return std::make_unique<CudaStopwatch>(stream()); }

void CudaDevice::synchronize() {
  release();
  cuda_check(cudaStreamSynchronize(stream()), "waiting for the device");
}

void CudaDevice::flush_cache() {
  if (!state_->flush) state_->flush.emplace(cache_bytes(), stream());
  state_->flush->enqueue(stream());
}

void CudaDevice::hold() { state_->hold->start(stream()); }
void CudaDevice::release() { state_->hold->release(); }

std::unique_ptr<Graph> CudaDevice::capture(const std::function<void()>& enqueue_all) {
  return std::make_unique<CudaGraph>(stream(), enqueue_all);
}

std::shared_ptr<void> CudaDevice::allocate_host(std::size_t bytes) {
  void* memory = nullptr;
  cuda_check(cudaHostAlloc(&memory, std::max<std::size_t>(bytes, 1), cudaHostAllocDefault),
             "page-locking " + mebibytes(bytes) + " of host memory");
  return {memory, cudaFreeHost};
}

std::vector<std::pair<std::string, double>> CudaDevice::readings() const {
  std::vector<std::pair<std::string, double>> readings;
  if (state_->nvml == nullptr) return readings;
  const NvmlDevice& nvml = *state_->nvml;
  if (const auto value = nvml.sm_mhz()) readings.emplace_back("sm_mhz", *value);
  if (const auto value = nvml.power_watts()) readings.emplace_back("power_watts", *value);
  if (const auto value = nvml.temperature_celsius()) readings.emplace_back("temperature_celsius", *value);
  if (const auto limits = nvml.clock_limits()) {
    const bool capped = (*limits & static_cast<std::uint64_t>(ClockLimit::power_cap)) != 0;
    readings.emplace_back("power_capped", capped ? 1 : 0);
  }
  return readings;
}

std::string CudaDevice::disturbance() {
  if (state_->hold->timed_out()) return "queueing took over a second, so the time includes launch latency";
  return state_->throttle ? state_->throttle->since_last() : std::string{};
}

// The guard before the values keeps their alignment.
CudaTensor::CudaTensor(CudaDevice& device, std::size_t bytes)
    : device_(device),
      buffer_(bytes + 2 * kGuard),
      data_(static_cast<std::byte*>(buffer_.data()) + kGuard),
      bytes_(bytes) {
  for (const std::size_t offset : {std::size_t{0}, kGuard + bytes}) {
    cuda_check(cudaMemsetAsync(static_cast<std::byte*>(buffer_.data()) + offset, kGuardByte, kGuard, device.stream()),
               "fill guard bytes");
  }
}

bool CudaTensor::intact() const {
  if (buffer_.bytes() == 0) return true;
  for (const std::size_t offset : {std::size_t{0}, kGuard + bytes_}) {
    std::array<unsigned char, kGuard> guard{};
    cuda_check(cudaMemcpyAsync(guard.data(), static_cast<const std::byte*>(buffer_.data()) + offset, kGuard,
                               cudaMemcpyDeviceToHost, device_.stream()),
               "read guard bytes");
    device_.synchronize();
    if (!std::ranges::all_of(guard, [](unsigned char byte) { return byte == kGuardByte; })) return false;
  }
  return true;
}

void CudaTensor::upload(const void* row_major) {
  cuda_check(cudaMemcpyAsync(data_, row_major, bytes(), cudaMemcpyHostToDevice, device_.stream()), "upload");
}

void CudaTensor::download(void* row_major) const {
  cuda_check(cudaMemcpyAsync(row_major, data_, bytes(), cudaMemcpyDeviceToHost, device_.stream()), "download");
  device_.synchronize();
}

std::unique_ptr<Tensor> CudaDevice::allocate(std::size_t bytes) { return std::make_unique<CudaTensor>(*this, bytes); }

std::unique_ptr<Tensor> CudaDevice::view(Tensor& whole, std::size_t offset, std::size_t bytes) {
  return std::make_unique<CudaTensor>(*this, static_cast<std::byte*>(cuda_data(&whole)) + offset, bytes);
}

std::unique_ptr<Tensor> make_cuda_tensor(CudaDevice& device, const TensorSpec& spec) {
  return std::make_unique<CudaTensor>(device, spec.bytes());
}

}  // namespace whygpu
