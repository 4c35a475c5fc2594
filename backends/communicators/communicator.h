// Collective operations between the ranks of a run: processes that measure one case together, each with its own device.
// MPI moves host memory and starts the ranks; NCCL moves the memory of CUDA devices.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whygpu/backend.h"

namespace whygpu {

enum class CollectiveKind : std::uint8_t { all_reduce, all_gather, reduce_scatter, broadcast, all_to_all };

// `elements` are those of the larger of a rank's two buffers. A part is elements / ranks, a whole number but for
// all_reduce and broadcast.
//   all_reduce      in[elements]            out[elements]  the sums over all ranks
//   all_gather      in[part]                out[elements]  every rank's part, rank by rank
//   reduce_scatter  in[elements]            out[part]      this rank's part of the sums
//   broadcast       in[elements] of rank 0  out[elements]
//   all_to_all      in[elements]            out[elements]  part i goes to rank i and comes from rank i
// In place, there is one buffer of `elements`, and `in` is null. all_gather then finds a rank's part at its place, and
// reduce_scatter leaves its result in part Communicator::result_part().
struct Collective {
  CollectiveKind kind = CollectiveKind::all_reduce;
  DType dtype = DType::f32;  // f32, bf16 or s32
  std::int64_t elements = 0;
  bool in_place = false;
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int ranks() const = 0;

  virtual Support supports(const Collective& collective) const = 0;
  virtual std::string implementation(const Collective& collective) const = 0;  // "MPI_Allreduce, Open MPI v4.1.4"
  virtual int result_part(const Collective& collective) const = 0;             // of reduce_scatter in place

  // Runs, or queues behind the device's work. Called by all ranks with equal collectives in equal order.
  virtual void enqueue(const Collective& collective, const void* in, void* out) = 0;

  // Replaces the values by their averages over all ranks, after the device's work so far and beside what is queued
  // later. The order is the same on all ranks. finish_averages(): what is queued later starts after all of them.
  virtual void start_average(float* values, std::int64_t elements) = 0;
  virtual void finish_averages() = 0;
};

// The ranks as processes. Collectives are those of host memory.
class World : public Communicator {
 public:
  virtual void barrier() = 0;
  virtual std::vector<double> gather(double value) = 0;                  // every rank's, by rank
  virtual std::vector<std::string> gather(const std::string& text) = 0;  // every rank's, by rank
  [[noreturn]] virtual void abort() = 0;                                 // ends all ranks
};

// Returned by the entry point `whygpu_communicator_module` of backends/communicators/NAME.so. `create` throws
// std::exception. mpi: a World; both arguments are null. nccl: collectives of this device between the ranks of `world`.
struct CommunicatorModule {
  std::uint32_t interface = kInterface;
  const char* name = nullptr;
  Communicator* (*create)(World* world, Device* device) = nullptr;
  const char* version = kVersion;
  const char* standard_library = kStandardLibrary;
  const char* (*missing)() = nullptr;  // what the module needs and this machine has not; null or an empty text: nothing
};

}  // namespace whygpu
