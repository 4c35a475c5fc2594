// Marks functions of indices that kernels and their host tests share.
#pragma once

#ifdef __CUDACC__
#define WHYGPU_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define WHYGPU_HOST_DEVICE inline
#endif
