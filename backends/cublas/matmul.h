// One cuBLASLt matrix product, planned once: C = op(A) · op(B), or C += op(A) · op(B).
//
// Matrices here are row-major. cuBLASLt's are column-major, where a row-major matrix appears transposed, so it computes
// the transposed problem: Cᵀ = op(B)ᵀ · op(A)ᵀ.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/cublas/descriptors.h"
#include "backends/cublas/products.h"

namespace whygpu {

class MatmulContext {
 public:
  explicit MatmulContext(CudaDevice& device);
  ~MatmulContext();

  CudaDevice& device;
  cublasLtHandle_t handle = nullptr;
  CudaBuffer workspace;  // 32 MiB from Hopper on, 4 MiB before, as NVIDIA recommends
};

class Matmul {
 public:
  Matmul(MatmulContext& context, const MatmulProblem& problem, Choice choice);

  // Queues one product. With `accumulate`, adds it to c.
  void enqueue(const void* a, const void* b, void* c, bool accumulate = false) const;

  // Algorithm, tile, stages, split, math mode, workspace.
  std::string describe() const;

  // Whether cuBLASLt has an algorithm for `problem`; otherwise its error message.
  static Support supports(MatmulContext& context, const MatmulProblem& problem);

 private:
  void run(const cublasLtMatmulAlgo_t& algorithm, const void* a, const void* b, void* c, bool accumulate) const;

  MatmulContext& context_;
  std::unique_ptr<MatmulDescriptors> descriptors_;
  std::vector<cublasLtMatmulHeuristicResult_t> candidates_;
  std::size_t chosen_ = 0;
  bool cold_ = false;  // how it was timed
};

}  // namespace whygpu
