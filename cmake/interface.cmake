# The interface between whygpu and its backends: its number, its headers and its CMake package.

# The number is a digest of the public headers without comments and white space, so it changes with every change of the
# interface.
file(GLOB WHYGPU_PUBLIC_HEADERS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/backends/include/whygpu/*.h)
set(text "")
foreach(header ${WHYGPU_PUBLIC_HEADERS})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
  file(READ ${header} content)
  string(REGEX REPLACE "//[^\n]*" "" content "${content}")
  string(REGEX REPLACE "[ \t\n]+" " " content "${content}")
  string(APPEND text "${content}")
endforeach()
string(SHA256 WHYGPU_INTERFACE "${text}")
string(SUBSTRING ${WHYGPU_INTERFACE} 0 8 WHYGPU_INTERFACE)
configure_file(${CMAKE_CURRENT_LIST_DIR}/version.h.in ${PROJECT_BINARY_DIR}/generated/whygpu/version.h @ONLY)

add_library(whygpu_backend INTERFACE)
add_library(whygpu::backend ALIAS whygpu_backend)
set_target_properties(whygpu_backend PROPERTIES EXPORT_NAME backend)
target_compile_features(whygpu_backend INTERFACE cxx_std_20)
target_include_directories(whygpu_backend INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/backends/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
  $<INSTALL_INTERFACE:include>)

add_library(whygpu_host_device STATIC
  ${PROJECT_SOURCE_DIR}/backends/devices/cpu_model.cpp ${PROJECT_SOURCE_DIR}/backends/devices/host.cpp)
add_library(whygpu::host_device ALIAS whygpu_host_device)
set_target_properties(whygpu_host_device PROPERTIES EXPORT_NAME host_device)
target_link_libraries(whygpu_host_device PUBLIC whygpu_backend PRIVATE $<BUILD_INTERFACE:whygpu_options>)
target_precompile_headers(whygpu_host_device PRIVATE
  <whygpu/backend.h> <algorithm> <array> <atomic> <functional> <map> <stdexcept>)  # other libraries reuse them

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/whygpu)
install(FILES ${WHYGPU_PUBLIC_HEADERS} ${PROJECT_BINARY_DIR}/generated/whygpu/version.h
  DESTINATION include/whygpu COMPONENT development)
install(TARGETS whygpu_backend whygpu_host_device EXPORT whygpu
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT whygpu NAMESPACE whygpu:: FILE whygpuTargets.cmake DESTINATION ${package} COMPONENT development)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/whygpuConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/whygpuConfig.cmake ${CMAKE_CURRENT_LIST_DIR}/whygpu_add_backend.cmake
  ${PROJECT_BINARY_DIR}/whygpuConfigVersion.cmake DESTINATION ${package} COMPONENT development)
