// Compares the samples of a worker in mode=cold and with offloading, on the openblas backend, with loops of this file
// over cblas_sgemm (compare_pairs.h). Wall-clock time, since that is what a worker measures.
//
//   bin/bare_openblas_modes [threads] [case …]       (gemm, f32, trans=nn, batch=1)
#include <cblas.h>

#include <cstring>

#include "benchmarks/bare/buffers.h"
#include "benchmarks/bare/compare_pairs.h"
#include "benchmarks/bare/worker_samples.h"

namespace whygpu {
namespace {

struct Shape {
  explicit Shape(const Case& c) : m(c.number("m")), n(c.number("n")), k(c.number("k")) {}
  std::int64_t bytes() const { return 4 * (m * k + k * n + m * n); }
  std::int64_t m, n, k;
};

// The operands of one product.
struct Operands {
  explicit Operands(const Shape& s)
      : shape(s), a(Floats::random(s.m * s.k, 11)), b(Floats::random(s.k * s.n, 12)), result(s.m * s.n) {}

  void multiply() {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, shape.m, shape.n, shape.k, 1, a.data(), shape.k, b.data(),
                shape.n, 0, result.data(), shape.n);
  }

  Shape shape;
  Floats a, b, result;
};

// Evicts all operands, then multiplies those of the next sets. Goes on where it ended last.
class ColdLoop {
 public:
  explicit ColdLoop(const Shape& shape) {
    for (std::int64_t sets = cold_sets(shape.bytes()); sets > 0; --sets) sets_.emplace_back(shape);
  }

  double seconds_each(std::int64_t operations) {
    eviction_.run();
    const double start = wall_seconds();
    for (std::int64_t i = 0; i < operations; ++i) {
      sets_[next_].multiply();
      if (++next_ == sets_.size()) next_ = 0;
    }
    return (wall_seconds() - start) / static_cast<double>(operations);
  }

 private:
  std::vector<Operands> sets_;
  std::size_t next_ = 0;
  Eviction eviction_;
};

// Operands in other memory, of which copies are multiplied: both inputs are copied before every `reuse` products, the
// result after them.
class OffloadLoop {
 public:
  OffloadLoop(const Shape& shape, std::int64_t reuse) : host_(shape), device_(shape), reuse_(reuse) {}

  double seconds_each(std::int64_t operations) {
    const double start = wall_seconds();
    for (std::int64_t done = 0; done < operations; done += reuse_) {
      std::memcpy(device_.a.data(), host_.a.data(), host_.a.bytes());
      std::memcpy(device_.b.data(), host_.b.data(), host_.b.bytes());
      for (std::int64_t i = 0; i < reuse_; ++i) device_.multiply();
      std::memcpy(host_.result.data(), device_.result.data(), device_.result.bytes());
    }
    return (wall_seconds() - start) / static_cast<double>(operations);
  }

 private:
  Operands host_, device_;
  std::int64_t reuse_;
};

// A tensor that the host cannot use in place, as on a device with memory of its own.
class RemoteTensor final : public Tensor {
 public:
  explicit RemoteTensor(Tensor& tensor) : tensor_(tensor) {}
  std::size_t bytes() const override { return tensor_.bytes(); }
  void upload(const void* row_major) override { tensor_.upload(row_major); }
  void download(void* row_major) const override { tensor_.download(row_major); }

 private:
  Tensor& tensor_;
};

// Another trial whose operands must be copied. Not audited.
class RemoteTrial final : public Trial {
 public:
  explicit RemoteTrial(std::unique_ptr<Trial> trial) : trial_(std::move(trial)) {}
  Verdict verify() override { return trial_->verify(); }
  void enqueue(std::size_t set) override { trial_->enqueue(set); }
  void allocate_sets(std::size_t count) override { trial_->allocate_sets(count); }
  std::size_t set_bytes() const override { return trial_->set_bytes(); }
  std::string implementation() const override { return trial_->implementation(); }
  std::vector<HostArgument> host_arguments() override {
    std::vector<HostArgument> arguments = trial_->host_arguments();
    for (HostArgument& argument : arguments) {
      argument.tensor = tensors_.emplace_back(std::make_unique<RemoteTensor>(*argument.tensor)).get();
    }
    return arguments;
  }

 private:
  std::unique_ptr<Trial> trial_;
  std::vector<std::unique_ptr<Tensor>> tensors_;
};

template <class Bare>
void compare_samples(const std::string& label, WorkerSamples& samples, Bare&& seconds_each) {
  samples.next();
  seconds_each(samples.batch());
  compare_seconds(
      {fmt::format("{}, {} operations a sample", label, samples.batch())}, openblas_get_corename(),
      [&] { return std::vector{samples.next()}; }, [&] { return std::vector{seconds_each(samples.batch())}; });
  if (samples.page_faults() > 0) fmt::print("  {} page faults in the worker's samples\n", samples.page_faults());
}

void compare(const Case& c, LoadedBackend& backend) {
  const Shape shape(c);
  if (c["mode"] == "cold") {
    WorkerSamples samples(c, *backend);
    ColdLoop bare(shape);
    compare_samples(c.text(), samples, [&](std::int64_t count) { return bare.seconds_each(count); });
    return;
  }
  // In place, as a CPU backend has its operands: offloading costs nothing.
  Operands operands(shape);
  WorkerSamples in_place(c, *backend);
  compare_samples(c.text() + ", " + in_place.describe(), in_place, [&](std::int64_t count) {
    const double start = wall_seconds();
    for (std::int64_t i = 0; i < count; ++i) operands.multiply();
    return (wall_seconds() - start) / static_cast<double>(count);
  });
  OffloadLoop bare(shape, sample_mode(c).reuse);
  WorkerSamples copied(c, *backend, std::make_unique<RemoteTrial>(loaded_trial(c, *backend)));
  compare_samples(c.text() + ", " + copied.describe(), copied,
                  [&](std::int64_t count) { return bare.seconds_each(count); });
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("openblas",
                              {"gemm m=64..1024*2 n=m k=m mode=cold", "gemm m=64..1024*4 n=m k=m offload=always",
                               "gemm m=64..1024*4 n=m k=m offload=once reuse=8"},
                              whygpu::compare, argc, argv);
}
