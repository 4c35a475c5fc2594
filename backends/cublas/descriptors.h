// A matrix product as cuBLASLt's descriptors.
#pragma once

#include <cublasLt.h>

#include <string_view>
#include <utility>
#include <vector>

#include "backends/cublas/problem.h"

namespace whygpu {

void cublas_check(cublasStatus_t status, std::string_view what);

// The arithmetic of a product of `dtype`.
struct Math {
  cublasComputeType_t compute;
  cudaDataType scale;
  const char* name;
};

struct MatmulDescriptors {
  Math math;
  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t first = nullptr, second = nullptr, result = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;

  MatmulDescriptors(const MatmulProblem& problem, std::size_t workspace_bytes);
  ~MatmulDescriptors();
  MatmulDescriptors(const MatmulDescriptors&) = delete;

  // The library's proposals, best first, and its status.
  std::pair<cublasStatus_t, std::vector<cublasLtMatmulHeuristicResult_t>> ask(cublasLtHandle_t handle, int count) const;
};

}  // namespace whygpu
