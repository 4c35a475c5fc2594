// Ranks started by an MPI launcher; collectives of host memory.
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <limits>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "backends/communicators/communicator.h"
#include "backends/dtypes.h"

namespace whygpu {
namespace {

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char words[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, words, &length);
  throw std::runtime_error(std::string(call) + ": " + std::string(words, static_cast<std::size_t>(length)));
}

// Elements of an average that MPI sums at once. Open MPI 4.1 takes memory of the same size from malloc(), which from
// 32 MiB on means new pages each time: two ranks here sum 80 MB in 390 ms whole, and in 12 ms by pieces of 1 MiB; with
// MPI_Iallreduce in 60 ms.
constexpr std::int64_t kPiece = 1 << 18;

const char* function_name(CollectiveKind kind) {
  constexpr const char* names[] = {"MPI_Allreduce", "MPI_Allgather", "MPI_Reduce_scatter_block", "MPI_Bcast",
                                   "MPI_Alltoall"};
  return names[static_cast<std::size_t>(kind)];
}

// MPI has no type for bf16: sums are added in f32 and rounded.
extern "C" void add_bf16(void* in, void* inout, int* count, MPI_Datatype*) {
  const auto* a = static_cast<const BFloat16*>(in);
  auto* b = static_cast<BFloat16*>(inout);
  for (int i = 0; i < *count; ++i) b[i] = BFloat16(static_cast<float>(a[i]) + static_cast<float>(b[i]));
}

// What a rank says when it gets SIGUSR1, so that one which hangs can be told from those that wait for it.
std::atomic<int> calls{0};  // of MPI, in progress
std::string waiting_line;   // set once

void say_waiting(int) {
  if (calls == 0) return;
  [[maybe_unused]] const auto written = write(STDERR_FILENO, waiting_line.data(), waiting_line.size());
}

class Waiting {
 public:
  Waiting() { ++calls; }
  ~Waiting() { --calls; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

class MpiWorld final : public World {
 public:
  // Joins the ranks of this process's launcher.
  MpiWorld() {
    int provided = 0;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
    if (provided < MPI_THREAD_SERIALIZED) throw std::runtime_error("this MPI has no MPI_THREAD_SERIALIZED");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &ranks_), "MPI_Comm_size");
    check(MPI_Op_create(add_bf16, 1, &add_bf16_), "MPI_Op_create");
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    check(MPI_Get_library_version(version, &length), "MPI_Get_library_version");
    library_ = std::string(version, static_cast<std::size_t>(length));
    library_ = library_.substr(0, library_.find_first_of(",\n"));
    waiting_line = "rank " + std::to_string(rank_) + " waits for others\n";
    std::signal(SIGUSR1, say_waiting);
  }

  ~MpiWorld() override {
    if (averaging_.joinable()) {
      averaging_.request_stop();
      averaging_.join();
    }
    MPI_Op_free(&add_bf16_);
    MPI_Finalize();
  }
  MpiWorld(const MpiWorld&) = delete;
  MpiWorld& operator=(const MpiWorld&) = delete;

  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }

  Support supports(const Collective& c) const override {
    if (c.elements > std::numeric_limits<int>::max()) return Support::no("MPI counts at most 2^31 - 1 elements");
    return {};
  }

  std::string implementation(const Collective& c) const override {
    const bool adds = c.kind == CollectiveKind::all_reduce || c.kind == CollectiveKind::reduce_scatter;
    return std::string(function_name(c.kind)) + (c.in_place ? " in place, " : ", ") + library_ +
           (adds && c.dtype == DType::bf16 ? ", bf16 added by whygpu" : "");
  }

  int result_part(const Collective&) const override { return 0; }  // MPI_IN_PLACE

  void enqueue(const Collective& c, const void* in, void* out) override {
    const Waiting waiting;
    const void* send = c.in_place ? MPI_IN_PLACE : in;
    const MPI_Datatype type = c.dtype == DType::f32 ? MPI_FLOAT : c.dtype == DType::s32 ? MPI_INT32_T : MPI_UINT16_T;
    const MPI_Op sum = c.dtype == DType::bf16 ? add_bf16_ : MPI_SUM;
    const int all = static_cast<int>(c.elements), part = all / ranks_;
    int code = MPI_SUCCESS;
    switch (c.kind) {
      case CollectiveKind::all_reduce: code = MPI_Allreduce(send, out, all, type, sum, MPI_COMM_WORLD); break;
      case CollectiveKind::all_gather: code = MPI_Allgather(send, part, type, out, part, type, MPI_COMM_WORLD); break;
      case CollectiveKind::reduce_scatter:
        code = MPI_Reduce_scatter_block(send, out, part, type, sum, MPI_COMM_WORLD);
        break;
      case CollectiveKind::broadcast:
        // MPI broadcasts one buffer; like NCCL, rank 0 has its values in the result too.
        if (rank_ == 0 && in != nullptr) std::memcpy(out, in, static_cast<std::size_t>(all) * dtype_bytes(c.dtype));
        code = MPI_Bcast(out, all, type, 0, MPI_COMM_WORLD);
        break;
      case CollectiveKind::all_to_all: code = MPI_Alltoall(send, part, type, out, part, type, MPI_COMM_WORLD); break;
    }
    check(code, function_name(c.kind));
  }

  void start_average(float* values, std::int64_t elements) override {
    const std::lock_guard lock(mutex_);
    if (!averaging_.joinable()) averaging_ = std::jthread([this](const std::stop_token& stop) { average(stop); });
    for (std::int64_t first = 0; first < elements; first += kPiece) {
      pieces_.push_back({values + first, static_cast<int>(std::min(kPiece, elements - first))});
    }
    changed_.notify_all();
  }

  void finish_averages() override {
    const Waiting waiting;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return pieces_.empty(); });
    if (!failure_.empty()) throw std::runtime_error(failure_);
  }

  void barrier() override {
    const Waiting waiting;
    check(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier");
  }

  std::vector<double> gather(double value) override {
    const Waiting waiting;
    std::vector<double> all(static_cast<std::size_t>(ranks_));
    check(MPI_Allgather(&value, 1, MPI_DOUBLE, all.data(), 1, MPI_DOUBLE, MPI_COMM_WORLD), "MPI_Allgather");
    return all;
  }

  std::vector<std::string> gather(const std::string& text) override {
    const Waiting waiting;
    const int length = static_cast<int>(text.size());
    std::vector<int> lengths(static_cast<std::size_t>(ranks_)), starts(lengths.size());
    check(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD), "MPI_Allgather");
    std::exclusive_scan(lengths.begin(), lengths.end(), starts.begin(), 0);
    std::string joined(static_cast<std::size_t>(starts.back() + lengths.back()), '\0');
    check(MPI_Allgatherv(text.data(), length, MPI_CHAR, joined.data(), lengths.data(), starts.data(), MPI_CHAR,
                         MPI_COMM_WORLD),
          "MPI_Allgatherv");
    std::vector<std::string> all;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      all.push_back(joined.substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(lengths[i])));
    }
    return all;
  }

  void abort() override {
    MPI_Abort(MPI_COMM_WORLD, 1);
    std::abort();
  }

 private:
  struct Piece {
    float* values = nullptr;
    int elements = 0;
  };

  // Piece by piece, in the order in which all ranks started them, beside the computation, whose CPU this thread shares.
  void average(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !pieces_.empty(); })) {
      const Piece piece = pieces_.front();
      lock.unlock();
      const std::string failure = average(piece);
      lock.lock();
      if (failure_.empty()) failure_ = failure;
      pieces_.pop_front();
      if (pieces_.empty()) changed_.notify_all();
    }
  }

  std::string average(const Piece& piece) const {
    try {
      const Waiting waiting;
      check(MPI_Allreduce(MPI_IN_PLACE, piece.values, piece.elements, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD),
            "MPI_Allreduce");
    } catch (const std::exception& error) {
      return error.what();
    }
    const float share = 1 / static_cast<float>(ranks_);
    for (int i = 0; i < piece.elements; ++i) piece.values[i] *= share;
    return "";
  }

  int rank_ = 0, ranks_ = 1;
  MPI_Op add_bf16_ = MPI_OP_NULL;
  std::string library_;
  std::mutex mutex_;          // of the next two
  std::deque<Piece> pieces_;  // the first is in progress; until they are empty, only averaging_ calls MPI
  std::string failure_;
  std::condition_variable_any changed_;
  std::jthread averaging_;  // from the first average on
};

}  // namespace
}  // namespace whygpu

extern "C" __attribute__((visibility("default"))) const whygpu::CommunicatorModule* whygpu_communicator_module() {
  static const whygpu::CommunicatorModule module{
      .name = "mpi",
      .create = [](whygpu::World*, whygpu::Device*) -> whygpu::Communicator* { return new whygpu::MpiWorld; }};
  return &module;
}
