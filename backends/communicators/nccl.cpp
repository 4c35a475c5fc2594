// Collectives of CUDA devices through NCCL, which is loaded at run time where it is installed.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <nccl.h>

#include <stdexcept>

#include "backends/communicators/communicator.h"

namespace whygpu {
namespace {

// The functions of the loaded library, with the types of its header.
struct Nccl {
  decltype(&ncclGetVersion) get_version = nullptr;
  decltype(&ncclGetErrorString) error_string = nullptr;
  decltype(&ncclGetUniqueId) unique_id = nullptr;
  decltype(&ncclCommInitRank) init_rank = nullptr;
  decltype(&ncclCommDestroy) destroy = nullptr;
  decltype(&ncclAllReduce) all_reduce = nullptr;
  decltype(&ncclAllGather) all_gather = nullptr;
  decltype(&ncclReduceScatter) reduce_scatter = nullptr;
  decltype(&ncclBroadcast) broadcast = nullptr;
  decltype(&ncclSend) send = nullptr;
  decltype(&ncclRecv) receive = nullptr;
  decltype(&ncclGroupStart) group_start = nullptr;
  decltype(&ncclGroupEnd) group_end = nullptr;

  Nccl() {
    void* library = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      if (function == nullptr) throw std::runtime_error(std::string("libnccl.so.2 has no ") + name);
    };
    find(get_version, "ncclGetVersion");
    find(error_string, "ncclGetErrorString");
    find(unique_id, "ncclGetUniqueId");
    find(init_rank, "ncclCommInitRank");
    find(destroy, "ncclCommDestroy");
    find(all_reduce, "ncclAllReduce");
    find(all_gather, "ncclAllGather");
    find(reduce_scatter, "ncclReduceScatter");
    find(broadcast, "ncclBroadcast");
    find(send, "ncclSend");
    find(receive, "ncclRecv");
    find(group_start, "ncclGroupStart");
    find(group_end, "ncclGroupEnd");
  }
};

void check(cudaError_t code) {
  if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

ncclDataType_t type_of(DType dtype) {
  return dtype == DType::f32 ? ncclFloat32 : dtype == DType::s32 ? ncclInt32 : ncclBfloat16;
}

const char* function_name(CollectiveKind kind) {
  constexpr const char* names[] = {"ncclAllReduce", "ncclAllGather", "ncclReduceScatter", "ncclBroadcast",
                                   "ncclSend and ncclRecv in one group"};
  return names[static_cast<std::size_t>(kind)];
}

class NcclCommunicator final : public Communicator {
 public:
  NcclCommunicator(World& world, Device& device)
      : rank_(world.rank()), ranks_(world.ranks()), compute_(static_cast<cudaStream_t>(device.queue())) {
    if (device.kind() != DeviceKind::cuda) throw std::runtime_error("NCCL moves the memory of CUDA devices only");
    ncclUniqueId id{};
    if (rank_ == 0) check(nccl_.unique_id(&id));
    const std::string shared = world.gather(std::string(id.internal, sizeof id.internal)).front();
    shared.copy(id.internal, sizeof id.internal);
    check(nccl_.init_rank(&comm_, ranks_, id, rank_));
    whygpu::check(cudaStreamCreateWithFlags(&averages_, cudaStreamNonBlocking));
    whygpu::check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
    int version = 0;
    check(nccl_.get_version(&version));
    version_ = std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
               std::to_string(version % 100);
  }

  ~NcclCommunicator() override {
    if (event_ != nullptr) cudaEventDestroy(event_);
    if (averages_ != nullptr) cudaStreamDestroy(averages_);
    if (comm_ != nullptr) nccl_.destroy(comm_);
  }
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }

  Support supports(const Collective& c) const override {
    if (c.kind == CollectiveKind::all_to_all && c.in_place) return Support::no("NCCL has no all-to-all in place");
    return {};
  }

  std::string implementation(const Collective& c) const override {
    return std::string(function_name(c.kind)) + (c.in_place ? " in place, NCCL " : ", NCCL ") + version_;
  }

  int result_part(const Collective&) const override { return rank_; }

  void enqueue(const Collective& c, const void* in, void* out) override {
    const auto all = static_cast<std::size_t>(c.elements), part = all / static_cast<std::size_t>(ranks_);
    const std::size_t part_bytes = part * dtype_bytes(c.dtype);
    const ncclDataType_t type = type_of(c.dtype);
    auto* bytes = static_cast<char*>(out);
    char* own = bytes + static_cast<std::size_t>(rank_) * part_bytes;
    switch (c.kind) {
      case CollectiveKind::all_reduce:
        return check(nccl_.all_reduce(c.in_place ? out : in, out, all, type, ncclSum, comm_, compute_));
      case CollectiveKind::all_gather:
        return check(nccl_.all_gather(c.in_place ? own : in, out, part, type, comm_, compute_));
      case CollectiveKind::reduce_scatter:
        return check(
            nccl_.reduce_scatter(c.in_place ? out : in, c.in_place ? own : out, part, type, ncclSum, comm_, compute_));
      case CollectiveKind::broadcast:
        return check(nccl_.broadcast(c.in_place ? out : in, out, all, type, 0, comm_, compute_));
      case CollectiveKind::all_to_all:
        check(nccl_.group_start());
        for (int peer = 0; peer < ranks_; ++peer) {
          const std::size_t offset = static_cast<std::size_t>(peer) * part_bytes;
          check(nccl_.send(static_cast<const char*>(in) + offset, part, type, peer, comm_, compute_));
          check(nccl_.receive(bytes + offset, part, type, peer, comm_, compute_));
        }
        return check(nccl_.group_end());
    }
  }

  void start_average(float* values, std::int64_t elements) override {
    wait_for(averages_, compute_);
    check(nccl_.all_reduce(values, values, static_cast<std::size_t>(elements), ncclFloat32, ncclAvg, comm_, averages_));
  }

  void finish_averages() override { wait_for(compute_, averages_); }

 private:
  void check(ncclResult_t code) const {
    if (code != ncclSuccess) throw std::runtime_error(std::string("NCCL: ") + nccl_.error_string(code));
  }

  // What is queued on `later` from now on starts after what `earlier` has so far.
  void wait_for(cudaStream_t later, cudaStream_t earlier) {
    whygpu::check(cudaEventRecord(event_, earlier));
    whygpu::check(cudaStreamWaitEvent(later, event_, 0));
  }

  Nccl nccl_;
  int rank_, ranks_;
  cudaStream_t compute_, averages_ = nullptr;
  cudaEvent_t event_ = nullptr;
  ncclComm_t comm_ = nullptr;
  std::string version_;
};

const char* missing_library() {
  static const std::string reason = [] {
    try {
      Nccl{};
      return std::string();
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
  }();
  return reason.c_str();
}

}  // namespace
}  // namespace whygpu

extern "C" __attribute__((visibility("default"))) const whygpu::CommunicatorModule* whygpu_communicator_module() {
  static const whygpu::CommunicatorModule module{
      .name = "nccl",
      .create = [](whygpu::World* world, whygpu::Device* device) -> whygpu::Communicator* {
        return new whygpu::NcclCommunicator(*world, *device);
      },
      .missing = whygpu::missing_library};
  return &module;
}
