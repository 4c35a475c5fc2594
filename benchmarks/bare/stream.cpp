// Compares the host backend with the loops of STREAM (McCalpin 1995), compiled from plain C, on the same
// threads and with vectors of the same size (compare_pairs.h). Uses wall-clock time, since bandwidth is per second.
// STREAM's vectors use ordinary pages, the backend's huge pages if the system grants them: this is part of the ratio.
// In mode=cold it is compared with the samples of a worker.
//
//   bin/bare_stream [threads] [case …]               (dtype=f64, passes=1)
#include <array>
#include <memory>
#include <vector>

#include "backends/devices/thread_team.h"
#include "benchmarks/bare/buffers.h"
#include "benchmarks/bare/compare_pairs.h"
#include "benchmarks/bare/worker_samples.h"

namespace whygpu {
namespace {

// STREAM's vectors, in one or more sets; each thread touches its part first.
class Stream {
 public:
  Stream(std::int64_t elements, std::int64_t sets, int threads)
      : elements_(elements), team_(threads), sets_(static_cast<std::size_t>(sets)) {
    for (next_ = 0; next_ < sets_.size(); ++next_) {
      for (auto& vector : sets_[next_]) {
        vector.reset(new (std::align_val_t(64)) double[static_cast<std::size_t>(elements)]);
      }
      each_part([](double* __restrict a, double* __restrict b, double* __restrict c, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) a[i] = 1, b[i] = 2, c[i] = 0;
      });
    }
    next_ = 0;
  }

  void run(std::string_view kernel) {
    if (kernel == "copy") {
      each_part([](double* __restrict a, double* __restrict, double* __restrict c, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) c[i] = a[i];
      });
    } else if (kernel == "scale") {
      each_part([](double* __restrict, double* __restrict b, double* __restrict c, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) b[i] = kScalar * c[i];
      });
    } else if (kernel == "add") {
      each_part([](double* __restrict a, double* __restrict b, double* __restrict c, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) c[i] = a[i] + b[i];
      });
    } else {
      each_part([](double* __restrict a, double* __restrict b, double* __restrict c, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) a[i] = b[i] + kScalar * c[i];
      });
    }
    if (++next_ == sets_.size()) next_ = 0;
  }

 private:
  static constexpr double kScalar = 3;
  struct Free {
    void operator()(double* values) const { ::operator delete[](values, std::align_val_t(64)); }
  };

  template <class Loop>
  void each_part(Loop loop) {
    const auto& [a, b, c] = sets_[next_];
    team_.run([&](int thread) {
      const std::int64_t begin = elements_ * thread / team_.count(), end = elements_ * (thread + 1) / team_.count();
      loop(a.get() + begin, b.get() + begin, c.get() + begin, end - begin);
    });
  }

  std::int64_t elements_;
  ThreadTeam team_;
  std::vector<std::array<std::unique_ptr<double[], Free>, 3>> sets_;
  std::size_t next_ = 0;
};

int threads_of(Backend& backend) {
  for (const auto& [name, value] : backend.facts()) {
    if (name == "threads") return std::stoi(value);
  }
  return 1;
}

std::int64_t elements_of(const Case& c) {
  const bool two_inputs = c["kernel"] == "add" || c["kernel"] == "triad";
  return c.number("bytes") / 8 / (two_inputs ? 3 : 2);
}

void compare_cold(const Case& c, LoadedBackend& backend) {
  WorkerSamples samples(c, *backend);
  Stream bare(elements_of(c), cold_sets(c.number("bytes")), threads_of(*backend));
  Eviction eviction;
  const auto bare_seconds = [&] {
    eviction.run();
    const double start = wall_seconds();
    for (std::int64_t i = 0; i < samples.batch(); ++i) bare.run(c["kernel"]);
    return (wall_seconds() - start) / static_cast<double>(samples.batch());
  };
  compare_seconds(
      {fmt::format("{}, {} operations a sample", c.text(), samples.batch())}, "STREAM",
      [&] { return std::vector{samples.next()}; }, [&] { return std::vector{bare_seconds()}; });
}

void compare(const Case& c, LoadedBackend& backend) {
  if (c["mode"] == "cold") return compare_cold(c, backend);
  const auto trial = loaded_trial(c, *backend);
  Stream bare(elements_of(c), 1, threads_of(*backend));
  compare_pairs(
      c.text(), trial->implementation(), [&] { trial->enqueue(0); }, [&] { bare.run(c["kernel"]); }, wall_seconds);
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("host",
                              {"memory kernel=copy,scale bytes=268435456 variant=stores,nontemporal",
                               "memory kernel=add,triad bytes=402653184 variant=stores,nontemporal",
                               "memory kernel=copy,triad bytes=1572864 variant=stores,nontemporal mode=cold"},
                              whygpu::compare, argc, argv);
}
