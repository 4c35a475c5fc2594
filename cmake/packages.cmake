# `cpack` in a build of the preset `debian` makes whygpu, whygpu-dev and, with the CUDA backends, whygpu-cuda as .deb files
# for the Debian that it runs on. ci/release does so in clean roots.
set(WHYGPU_MAINTAINER "" CACHE STRING "Who makes the packages: Name <address>")
set(WHYGPU_PACKAGE_REVISION 1 CACHE STRING "Debian's part of the version, such as 1~debian12")
set(package_version ${PROJECT_VERSION}-${WHYGPU_PACKAGE_REVISION})
set(made ${PROJECT_BINARY_DIR}/packages)

# The command in bin/ is a link: programs and modules are looked for where the link leads.
file(RELATIVE_PATH target /${CMAKE_INSTALL_BINDIR} /${programs}/whygpu)
file(MAKE_DIRECTORY ${made})
file(CREATE_LINK ${target} ${made}/whygpu SYMBOLIC)
install(FILES ${made}/whygpu DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)

add_custom_command(OUTPUT ${made}/completion
  COMMAND whygpu completion bash > ${made}/completion
  COMMAND ${PROJECT_SOURCE_DIR}/ci/man-pages $<TARGET_FILE:whygpu> ${made}/man1
  DEPENDS whygpu ${PROJECT_SOURCE_DIR}/ci/man-pages VERBATIM)
add_custom_target(package_files ALL DEPENDS ${made}/completion)
install(DIRECTORY ${made}/man1 DESTINATION share/man COMPONENT runtime)
install(FILES ${made}/completion DESTINATION share/bash-completion/completions RENAME whygpu COMPONENT runtime)

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH, if that is set
file(CONFIGURE OUTPUT ${made}/changelog.Debian @ONLY CONTENT
"whygpu (@package_version@) unstable; urgency=medium

  * Version @PROJECT_VERSION@: see changelog.gz.

 -- @WHYGPU_MAINTAINER@  @date@
")
configure_file(CHANGELOG.md ${made}/changelog COPYONLY)
execute_process(COMMAND gzip -9nf ${made}/changelog.Debian ${made}/changelog COMMAND_ERROR_IS_FATAL ANY)

# The terms of whygpu, and of the header-only, static and embedded libraries that are part of its programs.
set(terms "whygpu ${PROJECT_VERSION}\n\nCopyright: the authors of whygpu\n\nLicensed under the Apache License 2.0; see \
/usr/share/common-licenses/Apache-2.0.\n")
foreach(package libcli11-dev nlohmann-json3-dev libjs-vega libxsmm-dev)
  if(EXISTS /usr/share/doc/${package}/copyright)
    file(READ /usr/share/doc/${package}/copyright text)
    string(APPEND terms "\n\n---- Compiled in: ${package} ----\n\n${text}")
  endif()
endforeach()
file(WRITE ${made}/copyright "${terms}")

# add_package(COMPONENT NAME SECTION description): what all packages have.
macro(add_package component name section description)
  string(TOUPPER ${component} upper)
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${description}")
  install(FILES ${made}/copyright ${made}/changelog.gz ${made}/changelog.Debian.gz DESTINATION share/doc/${name}
    COMPONENT ${component})
endmacro()

set(CPACK_COMPONENTS_ALL "")
add_package(runtime whygpu science "benchmark that tells whether deep learning needs a GPU
whygpu runs the same matrix products, convolutions and training steps on
kernels of its own, OpenBLAS, BLIS, libxsmm and oneDNN, on OpenCL kernels
where there is an OpenCL driver and, with whygpu-cuda, on CUDA kernels, cuBLAS
and cuDNN. It checks every result before it times it, keeps all samples, and
says from which size on a GPU is faster.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)

add_package(development whygpu-dev libdevel "headers and CMake package for backends of whygpu
What is needed to build a backend of whygpu, a loadable module, outside of
its repository: the public interface, the CPU as a device, and a CMake
package.")
set(CPACK_COMPONENT_DEVELOPMENT_DEPENDS runtime)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)

if(TARGET communicator_mpi)
  add_package(mpi whygpu-mpi science "several ranks of whygpu
A loadable module with which whygpu measures collective operations and
data-parallel training steps on several processes, also of several machines,
that an MPI launcher or Slurm starts.")
  set(CPACK_COMPONENT_MPI_DEPENDS runtime)
  set(CPACK_DEBIAN_MPI_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_MPI_PACKAGE_RECOMMENDS "openmpi-bin")
endif()

# Debian has no packages of these libraries. The names are those of NVIDIA's repository.
if(TARGET whygpu_cuda_device)
  add_package(cuda whygpu-cuda contrib/science "CUDA backends of whygpu
Loadable modules that run matrix products, convolutions and layers of networks
on NVIDIA GPUs: CUDA kernels of whygpu, cuBLAS and cuDNN.
.
The modules load libcublasLt and libcudnn at run time, which Debian does not
have: install them from NVIDIA's repository, or put their folder into
LD_LIBRARY_PATH. Run whygpu list to see what is missing.")
  set(CPACK_COMPONENT_CUDA_DEPENDS runtime)
  set(CPACK_DEBIAN_CUDA_PACKAGE_SHLIBDEPS OFF)
  set(CPACK_DEBIAN_CUDA_PACKAGE_DEPENDS "libc6, libgcc-s1, libstdc++6")
  set(CPACK_DEBIAN_CUDA_PACKAGE_RECOMMENDS
    "libcublas-${CUDAToolkit_VERSION_MAJOR}-${CUDAToolkit_VERSION_MINOR}, libcudnn9-cuda-${CUDAToolkit_VERSION_MAJOR}")
endif()
install(PROGRAMS ci/gpu-check DESTINATION ${programs} COMPONENT runtime)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${WHYGPU_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_RELEASE ${WHYGPU_PACKAGE_REVISION})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
