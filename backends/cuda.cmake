# The CUDA device and the backends that share it.
if(WHYGPU_NO_CUDA)
  foreach(name cuda cublas cudnn)
    skip_backend(${name} "${WHYGPU_NO_CUDA}")
  endforeach()
  return()
endif()

list(JOIN CMAKE_CUDA_ARCHITECTURES " " architectures)
add_library(whygpu_cuda_device STATIC
  devices/cuda.cpp devices/cuda_cache_flush.cu devices/cuda_hold.cu devices/cuda_tuning.cpp)
target_link_libraries(whygpu_cuda_device
  PRIVATE whygpu_options whygpu_nvml PUBLIC whygpu_tuning CUDA::cudart_static)
target_compile_definitions(whygpu_cuda_device PRIVATE WHYGPU_CUDA_ARCHITECTURES="${architectures}")

whygpu_test(devices/cuda_test.cpp LIBRARIES whygpu_cuda_device)
if(BUILD_TESTING)
  add_library(cuda_driver_fake MODULE devices/cuda_driver_fake.cpp)
  target_link_libraries(cuda_driver_fake PRIVATE whygpu_options)
  target_link_options(cuda_driver_fake PRIVATE -Wl,-soname,libcuda.so.1)
  target_compile_definitions(cuda_test PRIVATE CUDA_DRIVER_FAKE="$<TARGET_FILE:cuda_driver_fake>")
  add_dependencies(cuda_test cuda_driver_fake)
endif()

add_layer_module(cuda SOURCES layers/cuda/module.cu LIBRARIES whygpu_cuda_device)
