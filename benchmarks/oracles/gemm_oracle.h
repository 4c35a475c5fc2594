// Verifies a matrix product with wider arithmetic, independent of all backends.
#pragma once

#include <cstddef>
#include <cstdint>

#include "benchmarks/workloads/workload.h"
#include "whygpu/backend.h"

namespace whygpu {

// Allowed difference from the exact product of the given (already rounded) inputs. With u the unit roundoff of
// the accumulator, every element has |error| ≤ element · (|A||B|), and the whole ‖error‖ ≤ norm · ‖C‖ (Frobenius).
struct Tolerance {
  double element;
  double norm;
};

// A dot product of length k in precision u has an error of about √k·u·‖C‖ if roundings are independent (Higham and
// Mary, "A new approach to probabilistic rounding error analysis", 2019). Tensor cores truncate, and fp8 ones keep 14
// bits.
Tolerance gemm_tolerance(DType dtype, std::int64_t k);

// Checks C against A·B, all row-major as described by `gemm`. Up to kExhaustiveWork multiplications every element is
// computed; above that, C·t is compared with A·(B·t) for random weights t, which finds an error above the rounding
// errors of its row, and sampled elements and random rows and columns, other ones in every check, are computed. A
// smaller error of one element is found with probability 1 - (1 - rows/m)(1 - columns/n) by each check, where rows =
// max(1, kExhaustiveWork / (n·k·batch)) and columns accordingly. A result that is still poisoned, or outside its
// tolerance, is incorrect; the reason has the position and both values.
Verdict check_gemm(const Gemm& gemm, const std::byte* a, const std::byte* b, const std::byte* c);

inline constexpr std::int64_t kExhaustiveWork = std::int64_t{1} << 21;

}  // namespace whygpu
