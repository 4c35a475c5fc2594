// Compares the host backend with the loops of STREAM (McCalpin 1995), compiled from plain C, on the same
// threads and with vectors of the same size (compare_pairs.h). Uses wall-clock time, since bandwidth is per second.
// STREAM's vectors use ordinary pages, the backend's huge pages if the system grants them: this is part of the ratio.
//
//   bin/bare_stream [threads] [case …]               (dtype=f64, passes=1)
#include <memory>
#include <vector>

#include "backends/devices/thread_team.h"
#include "benchmarks/bare/compare_pairs.h"

namespace whygpu {
namespace {

// STREAM's vectors; each thread touches its part first.
class Stream {
 public:
  Stream(std::int64_t elements, int threads) : elements_(elements), team_(threads) {
    for (auto& vector : vectors_) vector.reset(new (std::align_val_t(64)) double[static_cast<std::size_t>(elements)]);
    each_part([](double* __restrict a, double* __restrict b, double* __restrict c, std::int64_t count) {
      for (std::int64_t i = 0; i < count; ++i) a[i] = 1, b[i] = 2, c[i] = 0;
    });
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
  }

 private:
  static constexpr double kScalar = 3;
  struct Free {
    void operator()(double* values) const { ::operator delete[](values, std::align_val_t(64)); }
  };

  template <class Loop>
  void each_part(Loop loop) {
    team_.run([&](int thread) {
      const std::int64_t begin = elements_ * thread / team_.count(), end = elements_ * (thread + 1) / team_.count();
      loop(vectors_[0].get() + begin, vectors_[1].get() + begin, vectors_[2].get() + begin, end - begin);
    });
  }

  std::int64_t elements_;
  ThreadTeam team_;
  std::unique_ptr<double[], Free> vectors_[3];
};

int threads_of(Backend& backend) {
  for (const auto& [name, value] : backend.facts()) {
    if (name == "threads") return std::stoi(value);
  }
  return 1;
}

void compare(const Case& c, LoadedBackend& backend) {
  const auto trial = find_workload(c.workload).prepare(c, *backend);
  const bool two_inputs = c["kernel"] == "add" || c["kernel"] == "triad";
  Stream bare(c.number("bytes") / 8 / (two_inputs ? 3 : 2), threads_of(*backend));
  compare_pairs(
      c.text(), trial->implementation(), [&] { trial->enqueue(0); }, [&] { bare.run(c["kernel"]); }, wall_seconds);
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("host",
                              {"memory kernel=copy,scale bytes=268435456 variant=stores,nontemporal",
                               "memory kernel=add,triad bytes=402653184 variant=stores,nontemporal"},
                              whygpu::compare, argc, argv);
}
