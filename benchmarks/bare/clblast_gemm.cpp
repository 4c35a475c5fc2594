// Compares the clblast backend with a bare loop over clblast::Gemm on the same queue (compare_pairs.h). Each batch is
// queued, then waited for.
//
//   bin/bare_clblast_gemm [threads] [case …]         (f32, trans=nn, batch=1; PoCL takes all threads)
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <clblast.h>

#include "benchmarks/bare/compare_pairs.h"

namespace whygpu {
namespace {

void require(bool success, const char* what) {
  if (!success) throw std::runtime_error(what);
}

class BareLoop {
 public:
  BareLoop(const Case& c, cl_command_queue queue)
      : queue_(queue),
        m_(static_cast<std::size_t>(c.number("m"))),
        n_(static_cast<std::size_t>(c.number("n"))),
        k_(static_cast<std::size_t>(c.number("k"))),
        a_(random_buffer(m_ * k_, 11)),
        b_(random_buffer(k_ * n_, 12)),
        c_(random_buffer(m_ * n_, 13)) {
    std::size_t bytes = 0;
    require(clblast::GemmTempBufferSize<float>(kRowMajor, kPlain, kPlain, m_, n_, k_, 0, k_, 0, n_, 0, n_, &queue_,
                                               bytes) == clblast::StatusCode::kSuccess,
            "GemmTempBufferSize");
    if (bytes > 0) workspace_ = buffer(bytes);
  }
  ~BareLoop() {
    for (const cl_mem memory : {a_, b_, c_, workspace_}) {
      if (memory != nullptr) clReleaseMemObject(memory);
    }
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  void enqueue() {
    require(clblast::Gemm(kRowMajor, kPlain, kPlain, m_, n_, k_, 1.0F, a_, 0, k_, b_, 0, n_, 0.0F, c_, 0, n_, &queue_,
                          nullptr, workspace_) == clblast::StatusCode::kSuccess,
            "clblast::Gemm");
  }
  void wait() { require(clFinish(queue_) == CL_SUCCESS, "clFinish"); }

 private:
  static constexpr auto kRowMajor = clblast::Layout::kRowMajor;
  static constexpr auto kPlain = clblast::Transpose::kNo;

  cl_mem buffer(std::size_t bytes) const {
    cl_context context = nullptr;
    clGetCommandQueueInfo(queue_, CL_QUEUE_CONTEXT, sizeof context, &context, nullptr);
    cl_int status = CL_SUCCESS;
    const cl_mem memory = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, nullptr, &status);
    require(status == CL_SUCCESS, "clCreateBuffer");
    return memory;
  }
  cl_mem random_buffer(std::size_t values, std::uint64_t seed) const {
    const auto random = random_values(DType::f32, static_cast<std::int64_t>(values), seed);
    const cl_mem memory = buffer(random.size());
    require(clEnqueueWriteBuffer(queue_, memory, CL_TRUE, 0, random.size(), random.data(), 0, nullptr, nullptr) ==
                CL_SUCCESS,
            "clEnqueueWriteBuffer");
    return memory;
  }

  cl_command_queue queue_;
  std::size_t m_, n_, k_;
  cl_mem a_, b_, c_, workspace_ = nullptr;
};

void compare(const Case& c, LoadedBackend& backend) {
  const auto trial = loaded_trial(c, *backend);
  BareLoop bare(c, static_cast<cl_command_queue>(backend->device().queue()));
  const auto seconds = [](std::int64_t count, auto&& enqueue, auto&& wait) {
    const double start = process_cpu_seconds();
    for (std::int64_t i = 0; i < count; ++i) enqueue();
    wait();
    return (process_cpu_seconds() - start) / static_cast<double>(count);
  };
  const auto run_trial = [&](std::int64_t count) {
    return seconds(
        count, [&] { trial->enqueue(0); }, [&] { backend->device().synchronize(); });
  };
  const auto run_bare = [&](std::int64_t count) {
    return seconds(
        count, [&] { bare.enqueue(); }, [&] { bare.wait(); });
  };
  run_trial(2);
  const double each = std::min(run_bare(1), run_bare(1));
  const auto batch = static_cast<std::int64_t>(1 + kBatchSeconds / each);
  compare_seconds(
      {c.text()}, "CLBlast", [&] { return std::vector{run_trial(batch)}; },
      [&] { return std::vector{run_bare(batch)}; });
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("clblast", {"gemm m=64..1024*2 n=m k=m"}, whygpu::compare, argc, argv);
}
