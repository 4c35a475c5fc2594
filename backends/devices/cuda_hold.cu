#include <cstdlib>
#include <string>
#include <string_view>

#include "backends/devices/cuda.h"
#include "backends/devices/cuda_hold.h"

namespace whygpu {
namespace {

constexpr unsigned long long kTimeOutNanoseconds = 1'000'000'000;

__device__ unsigned long long nanoseconds() {
  unsigned long long now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

__global__ void wait_for(const volatile unsigned* released, unsigned hold, volatile unsigned* timed_out) {
  const unsigned long long start = nanoseconds();
  while (*released < hold) {
    if (nanoseconds() - start > kTimeOutNanoseconds) {
      *timed_out = 1;
      return;
    }
  }
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' && std::string_view(value) != "0";
}

bool may_hold() {
  const char* wish = std::getenv("WHYGPU_HOLD");
  if (wish != nullptr && std::string_view(wish) == "0") return false;
  return !is_set("CUDA_LAUNCH_BLOCKING") && !is_set("CUDA_INJECTION64_PATH");
}

}  // namespace

CudaHold::CudaHold() {
  if (!may_hold()) return;
  void* memory = nullptr;
  cuda_check(cudaHostAlloc(&memory, sizeof(Mailbox), cudaHostAllocMapped), "page-locked host memory");
  mailbox_ = new (memory) Mailbox{0, 0};
}

CudaHold::~CudaHold() {
  if (mailbox_ != nullptr) cudaFreeHost(mailbox_);
}

void CudaHold::start(cudaStream_t stream) {
  if (mailbox_ == nullptr) return;
  void* seen_by_device = nullptr;
  cuda_check(cudaHostGetDevicePointer(&seen_by_device, mailbox_, 0), "mapping host memory");
  auto* mailbox = static_cast<Mailbox*>(seen_by_device);
  wait_for<<<1, 1, 0, stream>>>(&mailbox->released, ++holds_, &mailbox->timed_out);
  cuda_check(cudaGetLastError(), "holding the stream");
}

void CudaHold::release() {
  if (mailbox_ != nullptr) __atomic_store_n(&mailbox_->released, holds_, __ATOMIC_RELEASE);
}

bool CudaHold::timed_out() {
  return mailbox_ != nullptr && __atomic_exchange_n(&mailbox_->timed_out, 0U, __ATOMIC_ACQ_REL) != 0;
}

void cuda_check_chip() {
  cudaFuncAttributes attributes{};
  const cudaError_t status = cudaFuncGetAttributes(&attributes, wait_for);
  if (status != cudaErrorNoKernelImageForDevice) return cuda_check(status, "reading a kernel");
  int device = 0;
  cudaDeviceProp properties{};
  cuda_check(cudaGetDevice(&device), "current device");
  cuda_check(cudaGetDeviceProperties(&properties, device), "device properties");
  throw std::runtime_error(std::string("unsupported chip: ") + properties.name + " has compute capability " +
                           std::to_string(properties.major) + "." + std::to_string(properties.minor) +
                           ", this build has code for " WHYGPU_CUDA_ARCHITECTURES);
}

}  // namespace whygpu
