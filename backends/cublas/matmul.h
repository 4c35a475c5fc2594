// One cuBLASLt matrix product, planned once: C = op(A) · op(B), or C += op(A) · op(B).
//
// Matrices here are row-major. cuBLASLt's are column-major, where a row-major matrix appears transposed, so it computes
// the transposed problem: Cᵀ = op(B)ᵀ · op(A)ᵀ.
#pragma once

#include <cublasLt.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/cublas/problem.h"
#include "backends/devices/cuda.h"

namespace whygpu {

void cublas_check(cublasStatus_t status, std::string_view what);

// Shared by all products on one device.
class MatmulContext {
 public:
  explicit MatmulContext(CudaDevice& device);
  ~MatmulContext();

  CudaDevice& device;
  cublasLtHandle_t handle = nullptr;
  CudaBuffer workspace;  // 32 MiB from Hopper on, 4 MiB before, as NVIDIA recommends
};

// The library's first proposal, or the fastest of 16 with a hot or a cold L2.
enum class Choice : std::uint8_t { heuristic, best, best_cold };

class Matmul {
 public:
  Matmul(MatmulContext& context, const MatmulProblem& problem, Choice choice);
  ~Matmul();

  // Queues one product. With `accumulate`, adds it to c.
  void enqueue(const void* a, const void* b, void* c, bool accumulate = false) const;

  // Algorithm, tile, stages, split, math mode, workspace.
  std::string describe() const;

  // Whether cuBLASLt has an algorithm for `problem`; otherwise its error message.
  static Support supports(MatmulContext& context, const MatmulProblem& problem);

 private:
  struct Descriptors;
  void run(const cublasLtMatmulAlgo_t& algorithm, const void* a, const void* b, void* c, bool accumulate) const;

  MatmulContext& context_;
  std::unique_ptr<Descriptors> descriptors_;
  std::vector<cublasLtMatmulHeuristicResult_t> candidates_;
  std::size_t chosen_ = 0;
  bool cold_ = false;  // how it was timed
};

}  // namespace whygpu
