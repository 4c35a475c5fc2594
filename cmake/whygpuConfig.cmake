# find_package(whygpu CONFIG REQUIRED) defines whygpu::backend (the interface), whygpu::host_device (the CPU as a device) and
# whygpu_add_backend().
include(${CMAKE_CURRENT_LIST_DIR}/whygpuTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/whygpu_add_backend.cmake)
