# The OpenCL device and the backends that share it. Only a loader of drivers is linked (libOpenCL.so.1), so that the same
# module runs on every vendor's.
find_package(OpenCL QUIET)
if(NOT OpenCL_FOUND)
  set(WHYGPU_NO_OPENCL "OpenCL's headers or loader were not found (Debian: ocl-icd-opencl-dev)")
  return()
endif()

add_library(whygpu_opencl_device STATIC
  devices/opencl.cpp devices/opencl_platforms.cpp devices/opencl_probes.cpp devices/opencl_program.cpp
  devices/opencl_status.cpp devices/opencl_stream.cpp devices/opencl_tensor.cpp)
target_link_libraries(whygpu_opencl_device PRIVATE whygpu_options whygpu_hwmon PUBLIC whygpu_host_device OpenCL::OpenCL)
target_compile_definitions(whygpu_opencl_device PUBLIC CL_TARGET_OPENCL_VERSION=120)

# use_opencl(TEST…): tests that need a device. PoCL keeps what it compiles in this folder; without that, CLBlast's kernels
# take most of a minute, and several while other tests run.
set(WHYGPU_POCL_CACHE ${PROJECT_BINARY_DIR}/pocl_cache CACHE PATH "Where PoCL keeps compiled kernels of the tests")
function(use_opencl)
  if(BUILD_TESTING)
    set_property(TEST ${ARGN} APPEND PROPERTY ENVIRONMENT POCL_CACHE_DIR=${WHYGPU_POCL_CACHE})
    set_property(TEST ${ARGN} PROPERTY TIMEOUT 300)
  endif()
endfunction()

whygpu_test(devices/opencl_device_test.cpp devices/opencl_probes_test.cpp LIBRARIES whygpu_opencl_device)
use_opencl(opencl_device_test opencl_probes_test)

# OpenCL as a driver would do it that loses its device. With the loader as a library of its own: what it calls has to be
# found before any backend is loaded.
if(BUILD_TESTING)
  add_library(opencl_loss_fake MODULE devices/opencl_loss_fake.cpp)
  target_link_libraries(opencl_loss_fake PRIVATE whygpu_options OpenCL::OpenCL ${CMAKE_DL_LIBS})
  target_link_options(opencl_loss_fake PRIVATE -Wl,--no-as-needed)
  target_compile_definitions(opencl_loss_fake PRIVATE CL_TARGET_OPENCL_VERSION=120)
  set_target_properties(opencl_loss_fake PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endif()
