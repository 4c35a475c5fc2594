#include "benchmarks/oracles/gemm_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/dtypes.h"
#include "benchmarks/oracles/random_input.h"

namespace whygpu {
namespace {

constexpr std::int64_t kSampledElements = 512;
constexpr std::int64_t kSampledWork = std::int64_t{1} << 23;  // multiplications, for at least kLeastForNorm elements
constexpr std::int64_t kLeastForNorm = 64;                    // elements: the sums of fewer may all cancel by chance

// A row-major matrix, or its transpose.
template <class T>
struct Matrix {
  const T* values;
  std::int64_t rows, columns;
  bool transposed;

  T at(std::int64_t i, std::int64_t j) const { return values[transposed ? j * rows + i : i * columns + j]; }
};

template <class Wide, class T>
Wide widen(T value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<Wide>(value);
  } else {
    return static_cast<Wide>(static_cast<float>(value));
  }
}

// y = M·x and bound = |M|·size, reading M in storage order.
template <class Wide, class T>
void multiply(const Matrix<T>& matrix, const std::vector<Wide>& x, const std::vector<Wide>& size, std::vector<Wide>& y,
              std::vector<Wide>& bound) {
  y.assign(matrix.rows, 0);
  bound.assign(matrix.rows, 0);
  const auto step = [&](std::int64_t i, std::int64_t j, T stored) {
    const Wide value = widen<Wide>(stored);
    y[i] += value * x[j];
    bound[i] += (value < 0 ? -value : value) * size[j];
  };
  const T* stored = matrix.values;
  if (matrix.transposed) {
    for (std::int64_t j = 0; j < matrix.columns; ++j) {
      for (std::int64_t i = 0; i < matrix.rows; ++i) step(i, j, *stored++);
    }
  } else {
    for (std::int64_t i = 0; i < matrix.rows; ++i) {
      for (std::int64_t j = 0; j < matrix.columns; ++j) step(i, j, *stored++);
    }
  }
}

template <class In, class Out, class Wide>
class Check {
 public:
  Check(const Gemm& gemm, std::int64_t batch, const In* a, const In* b, const Out* c)
      : gemm_(gemm),
        batch_(batch),
        a_{a, gemm.m, gemm.k, gemm.transpose_a},
        b_{b, gemm.k, gemm.n, gemm.transpose_b},
        c_{c, gemm.m, gemm.n, false},
        tolerance_(kExact ? Tolerance{0, 0} : gemm_tolerance(gemm.dtype, gemm.k)) {}

  Verdict run() {
    for (std::int64_t i = 0; i < gemm_.m; ++i) {
      for (std::int64_t j = 0; j < gemm_.n; ++j) {
        if (poisoned(c_.at(i, j))) return incorrect(fmt::format("{} was not written or is not a number", place(i, j)));
      }
    }
    if (gemm_.m * gemm_.n * gemm_.k * gemm_.batch <= kExhaustiveWork) return every_element();
    if (Verdict verdict = projection(); verdict.status != Status::ok) return verdict;
    if (Verdict verdict = random_lines(); verdict.status != Status::ok) return verdict;
    return sampled_elements();
  }

 private:
  static constexpr bool kExact = std::is_integral_v<Out>;

  static bool poisoned(Out value) {
    if constexpr (kExact)
      return value == std::numeric_limits<Out>::max();
    else
      return !std::isfinite(value);
  }
  static Verdict incorrect(std::string reason) { return {Status::incorrect, std::move(reason)}; }

  std::string place(std::int64_t i, std::int64_t j) const {
    return gemm_.batch > 1 ? fmt::format("C[{}][{}][{}]", batch_, i, j) : fmt::format("C[{}][{}]", i, j);
  }

  // Compares one element with its dot product, and adds it to the norms.
  Verdict element(std::int64_t i, std::int64_t j) {
    Wide sum = 0, bound = 0;
    for (std::int64_t p = 0; p < gemm_.k; ++p) {
      const Wide product = widen<Wide>(a_.at(i, p)) * widen<Wide>(b_.at(p, j));
      sum += product;
      bound += product < 0 ? -product : product;
    }
    const Wide error = widen<Wide>(c_.at(i, j)) - sum;
    error_norm_ += static_cast<double>(error) * static_cast<double>(error);
    norm_ += static_cast<double>(sum) * static_cast<double>(sum);
    return within(c_.at(i, j), sum, bound) ? Verdict{} : wrong(i, j, sum, bound);
  }

  Verdict whole() const {
    if (gemm_.m * gemm_.n < kLeastForNorm) return {};
    const double relative = std::sqrt(error_norm_ / norm_);
    if (error_norm_ == 0 || relative <= tolerance_.norm) return {};
    return incorrect(
        fmt::format("relative error {:.2g} of the whole, should be within {:.2g}", relative, tolerance_.norm));
  }

  Verdict every_element() {
    for (std::int64_t i = 0; i < gemm_.m; ++i) {
      for (std::int64_t j = 0; j < gemm_.n; ++j) {
        if (Verdict verdict = element(i, j); verdict.status != Status::ok) return verdict;
      }
    }
    return whole();
  }

  Verdict sampled_elements() {
    error_norm_ = norm_ = 0;
    Random random(2);
    const std::int64_t samples = std::clamp(kSampledWork / gemm_.k, kLeastForNorm, kSampledElements);
    for (std::int64_t sample = 0; sample < samples; ++sample) {
      const bool corner = sample < 4;
      const std::int64_t i = corner ? (sample & 1) * (gemm_.m - 1) : random.below(gemm_.m);
      const std::int64_t j = corner ? (sample >> 1) * (gemm_.n - 1) : random.below(gemm_.n);
      if (Verdict verdict = element(i, j); verdict.status != Status::ok) return verdict;
    }
    return whole();
  }

  // Compares some whole rows and columns, others in every check: row i of C is Bᵀ times row i of A, column j is A times
  // column j of B.
  Verdict random_lines() {
    const Matrix<In> b_transposed{b_.values, b_.columns, b_.rows, !b_.transposed};
    Random random(std::random_device{}());
    std::vector<Wide> line(gemm_.k), size(gemm_.k), sums, bounds;
    const auto compute = [&](const Matrix<In>& matrix, auto&& operand_at) {
      for (std::int64_t p = 0; p < gemm_.k; ++p) {
        line[p] = widen<Wide>(operand_at(p));
        size[p] = line[p] < 0 ? -line[p] : line[p];
      }
      multiply(matrix, line, size, sums, bounds);
    };
    for (std::int64_t row = checked_lines(gemm_.n); row > 0; --row) {
      const std::int64_t i = random.below(gemm_.m);
      compute(b_transposed, [&](std::int64_t p) { return a_.at(i, p); });
      for (std::int64_t j = 0; j < gemm_.n; ++j) {
        if (!within(c_.at(i, j), sums[j], bounds[j])) return wrong(i, j, sums[j], bounds[j]);
      }
    }
    for (std::int64_t column = checked_lines(gemm_.m); column > 0; --column) {
      const std::int64_t j = random.below(gemm_.n);
      compute(a_, [&](std::int64_t p) { return b_.at(p, j); });
      for (std::int64_t i = 0; i < gemm_.m; ++i) {
        if (!within(c_.at(i, j), sums[i], bounds[i])) return wrong(i, j, sums[i], bounds[i]);
      }
    }
    return {};
  }

  // How many lines of `length` elements are affordable.
  std::int64_t checked_lines(std::int64_t length) const {
    return std::max<std::int64_t>(1, kExhaustiveWork / (length * gemm_.k * gemm_.batch));
  }

  bool within(Out actual, Wide sum, Wide bound) const {
    const Wide error = widen<Wide>(actual) - sum;
    return std::abs(static_cast<double>(error)) <= tolerance_.element * static_cast<double>(bound);
  }
  Verdict wrong(std::int64_t i, std::int64_t j, Wide sum, Wide bound) const {
    return incorrect(fmt::format("{} is {:.9g}, should be {:.9g} within {:.2g}", place(i, j),
                                 static_cast<double>(c_.at(i, j)), static_cast<double>(sum),
                                 tolerance_.element * static_cast<double>(bound)));
  }

  // Freivalds: an error d in C[i][j] changes (C·t)[i] by t[j]·d, while rounding errors of a row add up like a random
  // walk, to √n instead of n. No two weights t are equal, so that swapped values are detected too.
  Verdict projection() {
    Random random(1);
    std::vector<Wide> weights(gemm_.n), sizes(gemm_.n);
    for (std::int64_t j = 0; j < gemm_.n; ++j) {
      const double size = 0.5 + 0.5 * std::abs(random.uniform());
      sizes[j] = kExact ? static_cast<Wide>(1 + random.below(1000)) : static_cast<Wide>(size);
      weights[j] = (random.bits() & 1) != 0 ? sizes[j] : -sizes[j];
    }
    std::vector<Wide> b_weighted, b_size, expected, size, actual, unused;
    multiply(b_, weights, sizes, b_weighted, b_size);
    multiply(a_, b_weighted, b_size, expected, size);
    multiply(c_, weights, sizes, actual, unused);
    for (std::int64_t i = 0; i < gemm_.m; ++i) {
      const double error = std::abs(static_cast<double>(actual[i] - expected[i]));
      const double bound =
          2 * tolerance_.element * static_cast<double>(size[i]) / std::sqrt(static_cast<double>(gemm_.n));
      if (error > bound) {
        return incorrect(
            fmt::format("row {} of C, projected, is off by {:.3g}, should be within {:.2g}", i, error, bound));
      }
    }
    return {};
  }

  const Gemm& gemm_;
  std::int64_t batch_;
  Matrix<In> a_, b_;
  Matrix<Out> c_;
  Tolerance tolerance_;
  double error_norm_ = 0, norm_ = 0;  // squares of Frobenius norms
};

template <class In, class Out, class Wide>
Verdict check_batches(const Gemm& gemm, const std::byte* a, const std::byte* b, const std::byte* c) {
  for (std::int64_t batch = 0; batch < gemm.batch; ++batch) {
    Check<In, Out, Wide> check(gemm, batch, reinterpret_cast<const In*>(a) + batch * gemm.m * gemm.k,
                               reinterpret_cast<const In*>(b) + batch * gemm.k * gemm.n,
                               reinterpret_cast<const Out*>(c) + batch * gemm.m * gemm.n);
    if (Verdict verdict = check.run(); verdict.status != Status::ok) return verdict;
  }
  return {};
}

}  // namespace

Tolerance gemm_tolerance(DType dtype, std::int64_t k) {
  const double root = std::sqrt(static_cast<double>(k));
  constexpr double u32 = 0x1p-24, u64 = 0x1p-53;
  switch (dtype) {
    case DType::f64: return {16 * u64, 2 * std::max(root, 8.0) * u64};
    case DType::f32: return {16 * u32, 2 * std::max(root, 8.0) * u32};
    case DType::f8e4m3: return {64 * 0x1p-14, 1e-3};
    default: return {64 * u32, std::max(2e-5, 2 * root * u32)};
  }
}

Verdict check_gemm(const Gemm& gemm, const std::byte* a, const std::byte* b, const std::byte* c) {
  switch (gemm.dtype) {
    case DType::f64: return check_batches<double, double, long double>(gemm, a, b, c);
    case DType::f32:
    case DType::tf32: return check_batches<float, float, double>(gemm, a, b, c);
    case DType::f16: return check_batches<Float16, float, double>(gemm, a, b, c);
    case DType::bf16: return check_batches<BFloat16, float, double>(gemm, a, b, c);
    case DType::f8e4m3: return check_batches<Float8E4M3, float, double>(gemm, a, b, c);
    default: return check_batches<std::int8_t, std::int32_t, std::int64_t>(gemm, a, b, c);
  }
}

}  // namespace whygpu
