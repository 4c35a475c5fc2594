// One matrix product of cuBLASLt, planned once: C = op(A) · op(B), or C += op(A) · op(B).
//
// Matrices are row-major here. cuBLASLt's are column-major, where a row-major matrix is its own transpose, so that it
// is given the transposed problem: Cᵀ = op(B)ᵀ · op(A)ᵀ.
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

// What all products on one device share.
class MatmulContext {
 public:
  explicit MatmulContext(CudaDevice& device);
  ~MatmulContext();

  CudaDevice& device;
  cublasLtHandle_t handle = nullptr;
  CudaBuffer workspace;  // 32 MiB from Hopper on, 4 MiB before, as NVIDIA recommends
};

enum class Choice : std::uint8_t { heuristic, best };  // the library's first answer, or the fastest of its first 16

class Matmul {
 public:
  Matmul(MatmulContext& context, const MatmulProblem& problem, Choice choice);
  ~Matmul();

  // Queues one product; with `accumulate`, it is added to what is in c.
  void enqueue(const void* a, const void* b, void* c, bool accumulate = false) const;

  // Algorithm, tile, stages, split, math mode, workspace.
  std::string describe() const;

  // Whether cuBLASLt has any algorithm for `problem`; otherwise its own words.
  static Support supports(MatmulContext& context, const MatmulProblem& problem);

 private:
  struct Descriptors;
  void run(const cublasLtMatmulAlgo_t& algorithm, const void* a, const void* b, void* c, bool accumulate) const;

  MatmulContext& context_;
  std::unique_ptr<Descriptors> descriptors_;
  std::vector<cublasLtMatmulHeuristicResult_t> candidates_;
  std::size_t chosen_ = 0;
};

}  // namespace whygpu
