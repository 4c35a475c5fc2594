# `cpack` makes a relocatable archive for any Linux on the same architecture with the same or a newer glibc: programs,
# backends, sweeps, and the libraries that they need, except CUDA's libraries and glibc. With WHYGPU_SYSTEM_LAYOUT,
# `cmake --install` puts files where a distribution wants them, and copies no libraries; packages.cmake makes Debian's
# packages from that.
option(WHYGPU_SYSTEM_LAYOUT "Install as a distribution does: bin/whygpu, programs and backends in lib/whygpu" OFF)
set(programs bin)
if(WHYGPU_SYSTEM_LAYOUT)
  set(programs ${CMAKE_INSTALL_LIBDIR}/whygpu)
endif()

# set_rpath(TARGET FOLDERS): only in the bundle; a system's libraries are where the loader looks.
function(set_rpath target folders)
  if(NOT WHYGPU_SYSTEM_LAYOUT)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "${folders}")
  endif()
endfunction()

# RPATH, unlike RUNPATH, also applies to indirect dependencies. The CUDA backends look for CUDA's libraries in
# LD_LIBRARY_PATH first, then where NVIDIA installs them.
set(cuda_libraries "/usr/local/cuda/lib64:/usr/local/cuda/lib")

get_property(workloads GLOBAL PROPERTY WHYGPU_WORKLOADS)
foreach(program whygpu ${workloads})
  set_rpath(${program} "$ORIGIN/../lib")
  target_link_options(${program} PRIVATE -Wl,--disable-new-dtags)
  install(TARGETS ${program} RUNTIME DESTINATION ${programs} COMPONENT runtime)
endforeach()

get_property(backends GLOBAL PROPERTY WHYGPU_BACKENDS)
foreach(backend ${backends})
  get_target_property(folder backend_${backend} LIBRARY_OUTPUT_DIRECTORY)
  if(NOT folder STREQUAL WHYGPU_MODULE_DIR)
    continue()  # for tests only
  endif()
  set(rpath "$ORIGIN/../../lib")
  set(component runtime)
  get_target_property(libraries backend_${backend} LINK_LIBRARIES)
  if("whygpu_cuda_device" IN_LIST libraries)
    string(APPEND rpath ":${cuda_libraries}")
    set(component cuda)
  else()
    target_link_options(backend_${backend} PRIVATE -Wl,--disable-new-dtags)
  endif()
  set_rpath(backend_${backend} "${rpath}")
  install(TARGETS backend_${backend} LIBRARY DESTINATION ${programs}/backends COMPONENT ${component})
endforeach()

get_property(modules GLOBAL PROPERTY WHYGPU_LAYER_MODULES)
foreach(module ${modules})
  set(rpath "$ORIGIN/../../../lib")
  set(component runtime)
  if(module STREQUAL layers_cuda)
    string(APPEND rpath ":${cuda_libraries}")
    set(component cuda)
  endif()
  set_rpath(${module} "${rpath}")
  install(TARGETS ${module} LIBRARY DESTINATION ${programs}/backends/layers COMPONENT ${component})
endforeach()

# MPI's library is that of the cluster, or of the machine.
get_property(communicators GLOBAL PROPERTY WHYGPU_COMMUNICATORS)
foreach(communicator ${communicators})
  set(component mpi)
  if(communicator STREQUAL nccl)
    set(component cuda)
  endif()
  install(TARGETS communicator_${communicator} LIBRARY DESTINATION ${programs}/backends/communicators
    COMPONENT ${component})
endforeach()

install(DIRECTORY benchmarks/sweeps DESTINATION share/whygpu COMPONENT runtime)
if(WHYGPU_SYSTEM_LAYOUT)
  include(cmake/packages.cmake)
  return()
endif()

install(PROGRAMS ci/gpu-check DESTINATION bin)
install(FILES LICENSE DESTINATION .)
configure_file(cmake/bundle_libraries.cmake.in ${PROJECT_BINARY_DIR}/bundle_libraries.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/bundle_libraries.cmake)

set(CPACK_GENERATOR TGZ)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_FILE_NAME whygpu-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
include(CPack)
