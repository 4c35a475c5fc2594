#include "backends/cuda/simt/check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "backends/cuda/simt/simt.h"
#include "backends/dtypes.h"

namespace whygpu::cuda {
namespace {

// Memory of exactly `bytes` bytes, aligned like cudaMalloc's; the sanitizer guards its surroundings.
class Memory {
 public:
  explicit Memory(std::size_t bytes) {
    if (posix_memalign(&data_, 256, bytes) != 0) throw std::bad_alloc();
    std::memset(data_, 0xff, bytes);
  }
  ~Memory() { std::free(data_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
};

template <class T>
double widened(T value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<double>(value);
  } else {
    return static_cast<float>(value);
  }
}

// Uniform values in [-1, 1], or in the full range of s8, as `dtype` stores them.
std::vector<double> fill(const Memory& memory, DType dtype, std::int64_t count, std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::uniform_int_distribution<int> integers(-128, 127);
  std::vector<double> values(static_cast<std::size_t>(count));
  with_storage_type(dtype, [&]<class T>(T) {
    T* const stored = static_cast<T*>(memory.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      float value = dtype == DType::s8 ? static_cast<float>(integers(random)) : uniform(random);
      if (dtype == DType::tf32) value = round_to_tf32(value);
      stored[i] = T(value);
      values[i] = widened(stored[i]);
    }
  });
  return values;
}

}  // namespace

double gemm_error(const Rung& rung, const Gemm& op, const Chip& chip) {
  std::mt19937 random(7);
  const Memory a(op.arguments()[0].bytes()), b(op.arguments()[1].bytes());
  const auto a_values = fill(a, op.dtype, op.arguments()[0].elements(), random);
  const auto b_values = fill(b, op.dtype, op.arguments()[1].elements(), random);

  std::vector<double> reference(static_cast<std::size_t>(op.batch * op.m * op.n));
  for (std::int64_t e = 0; e < op.batch; ++e) {
    for (std::int64_t i = 0; i < op.m; ++i) {
      for (std::int64_t p = 0; p < op.k; ++p) {
        const double left =
            a_values[static_cast<std::size_t>(e * op.m * op.k + (op.transpose_a ? p * op.m + i : i * op.k + p))];
        for (std::int64_t j = 0; j < op.n; ++j) {
          reference[static_cast<std::size_t>((e * op.m + i) * op.n + j)] +=
              left *
              b_values[static_cast<std::size_t>(e * op.k * op.n + (op.transpose_b ? j * op.k + p : p * op.n + j))];
        }
      }
    }
  }

  const Plan plan = rung.plan(op, chip);
  double worst = 0;
  for (const auto schedule : {simt::Schedule::forward_eager, simt::Schedule::reverse_late}) {
    simt::set_schedule(schedule);
    const Memory c(op.arguments()[2].bytes()), workspace(plan.workspace_bytes);
    plan.run({a.data(), b.data(), c.data(), workspace.data(), nullptr});

    double difference = 0, norm = 0;
    with_storage_type(accumulator_of(op.dtype), [&]<class T>(T) {
      for (std::size_t i = 0; i < reference.size(); ++i) {
        const double value = widened(static_cast<const T*>(c.data())[i]);
        difference += (value - reference[i]) * (value - reference[i]);
        norm += reference[i] * reference[i];
      }
    });
    const double error = std::sqrt(difference / norm);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  return worst;
}

double gemm_tolerance(DType dtype) {
  switch (dtype) {
    case DType::f64: return 1e-14;
    case DType::f32: return 5e-6;
    case DType::s8: return 0;
    case DType::f8e4m3: return 1e-3;
    default: return 2e-5;
  }
}

std::string gemm_name(const Gemm& op) {
  return std::string(dtype_name(op.dtype)) + " " + (op.transpose_a ? "t" : "n") + (op.transpose_b ? "t" : "n") + " " +
         std::to_string(op.m) + "x" + std::to_string(op.n) + "x" + std::to_string(op.k) + " batch " +
         std::to_string(op.batch);
}

}  // namespace whygpu::cuda
