# The OpenCL device and the backends that share it. Only a loader of drivers is linked (libOpenCL.so.1), so that the same
# module runs on every vendor's.
find_package(OpenCL QUIET)
if(NOT OpenCL_FOUND)
  set(WHYGPU_NO_OPENCL "OpenCL's headers or loader were not found (Debian: ocl-icd-opencl-dev)")
  return()
endif()

add_library(whygpu_opencl_device STATIC
  devices/opencl.cpp devices/opencl_platforms.cpp devices/opencl_program.cpp devices/opencl_status.cpp
  devices/opencl_tensor.cpp)
target_link_libraries(whygpu_opencl_device PRIVATE whygpu_options PUBLIC whygpu_host_device OpenCL::OpenCL)
target_compile_definitions(whygpu_opencl_device PUBLIC CL_TARGET_OPENCL_VERSION=120)

# use_opencl(TEST…): tests that need a device. PoCL keeps what it compiles in the build folder.
function(use_opencl)
  if(BUILD_TESTING)
    set_property(TEST ${ARGN} APPEND PROPERTY ENVIRONMENT POCL_CACHE_DIR=${PROJECT_BINARY_DIR}/pocl_cache)
  endif()
endfunction()

whygpu_test(devices/opencl_device_test.cpp LIBRARIES whygpu_opencl_device)
use_opencl(opencl_device_test)

add_library(whygpu_opencl_layers STATIC layers/opencl/opencl_layers.cpp)
target_link_libraries(whygpu_opencl_layers PUBLIC whygpu_options whygpu_opencl_device)
add_layer_module(opencl SOURCES layers/opencl/module.cpp LIBRARIES whygpu_opencl_layers)

if(BUILD_TESTING)
  add_library(whygpu_opencl_check STATIC layers/opencl/check.cpp)
  target_link_libraries(whygpu_opencl_check PUBLIC whygpu_layers whygpu_opencl_device GTest::gtest)
endif()
whygpu_test(layers/opencl/opencl_layers_test.cpp LIBRARIES whygpu_opencl_layers whygpu_opencl_check)
use_opencl(opencl_layers_test)
