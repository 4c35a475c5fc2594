# CUDA is optional. Sets WHYGPU_NO_CUDA to the reason if the CUDA backends cannot be built, else to an empty string.
#
# Code for Ampere (which also runs on sm_86 and sm_89), for Hopper with wgmma and TMA, and PTX for newer GPUs, which the
# driver compiles.
set(CMAKE_CUDA_ARCHITECTURES 80-real 90a-real 90-virtual CACHE STRING "GPU architectures to compile for")
option(WHYGPU_CUDA "Build the CUDA backends if a CUDA toolkit is found" ON)

set(WHYGPU_NO_CUDA "")
if(NOT WHYGPU_CUDA)
  set(WHYGPU_NO_CUDA "configured with WHYGPU_CUDA=OFF")
  return()
endif()

include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  set(WHYGPU_NO_CUDA "no CUDA toolkit: no working nvcc on PATH or in CUDACXX")
  return()
endif()

enable_language(CUDA)
# CMake 3.25 sets a property of this library, which CUDA 13 no longer has.
if(NOT TARGET CUDA::nvToolsExt)
  add_library(CUDA::nvToolsExt INTERFACE IMPORTED)
endif()
find_package(CUDAToolkit)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.0)
  set(WHYGPU_NO_CUDA "CUDA toolkit ${CMAKE_CUDA_COMPILER_VERSION} is too old: 12.0 or newer is needed for C++20 and sm_90a")
elseif(NOT TARGET CUDA::cudart_static)
  set(WHYGPU_NO_CUDA "CUDA toolkit ${CMAKE_CUDA_COMPILER_VERSION} without libcudart_static.a")
endif()

# CMake 3.25 has no C++20 flag for nvcc.
set(CMAKE_CUDA_STANDARD_REQUIRED OFF)
target_compile_options(whygpu_options INTERFACE
  $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 -Xcompiler=-Wall,-Wextra --threads=2>)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
