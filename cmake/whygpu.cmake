# Options that all targets share, and functions that add a backend, a workload or a test.

# The instruction sets that kernels are built for.
set(WHYGPU_ARCHITECTURE other)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(WHYGPU_ARCHITECTURE x86_64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(WHYGPU_ARCHITECTURE aarch64)
endif()

# Code layout affects measurements: an unused function can change the time of a small kernel by tens of percent. Functions
# and loops are therefore aligned to cache lines.
add_library(whygpu_options INTERFACE)
target_include_directories(whygpu_options INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/backends/include ${PROJECT_BINARY_DIR}/generated)
target_compile_options(whygpu_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -falign-functions=64>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-falign-loops=64>
  # False in GCC 12 for sums of a literal and a string (its bug 105651).
  $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds>)

# fast_compilation(TARGET): for code that handles text and waits for processes, which compiles in half the time; without
# a warning that -Og gives about the standard library. The compiler collects garbage from 1 GiB on. Under sanitizers
# without the checks of null pointers, at which it stops anyway, and of alignment.
function(fast_compilation target)
  target_compile_options(${target} PRIVATE
    $<$<AND:$<CONFIG:Release>,$<COMPILE_LANG_AND_ID:CXX,GNU>>:-Og -Wno-maybe-uninitialized --param=ggc-min-heapsize=1048576>)
  # Flags that -O3 sets and -Og does not, without which GCC 13 does not take precompiled headers of the other.
  if(WHYGPU_ARCHITECTURE STREQUAL "x86_64")
    target_compile_options(${target} PRIVATE
      $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>>:-munroll-only-small-loops -mvzeroupper>)
  endif()
  if(WHYGPU_SANITIZE STREQUAL "address")
    target_compile_options(${target} PRIVATE -O0 -fno-sanitize=null,alignment)
  endif()
endfunction()

set(WHYGPU_SANITIZE OFF CACHE STRING "Build with sanitizers: address (with undefined behaviour), thread, or fuzzer (address, for ci/fuzz)")
if(WHYGPU_SANITIZE)
  set(sanitizers address,undefined)
  if(WHYGPU_SANITIZE STREQUAL "thread")
    set(sanitizers thread)
  elseif(WHYGPU_SANITIZE STREQUAL "fuzzer")
    set(sanitizers fuzzer-no-link,address,undefined)
  endif()
  target_compile_options(whygpu_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer>)
  target_link_options(whygpu_options INTERFACE -fsanitize=${sanitizers})
endif()

# precompiled_interface(TARGET…): the public interface's headers are compiled once for all these. Their options must be
# those of whygpu_host_device: a source with OpenMP or for one instruction set compiles them itself.
function(precompiled_interface)
  foreach(target ${ARGN})
    if(TARGET ${target})
      target_precompile_headers(${target} REUSE_FROM whygpu_host_device)
    endif()
  endforeach()
endfunction()

# add_backend(NAME SOURCES file… [LIBRARIES target…]): a backend in this repository, bin/backends/NAME.so.
include(${CMAKE_CURRENT_LIST_DIR}/whygpu_add_backend.cmake)
function(add_backend name)
  whygpu_add_backend(${name} ${ARGN})
  target_link_libraries(backend_${name} PRIVATE whygpu_options)
  set_target_properties(backend_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${WHYGPU_MODULE_DIR})
  if(NOT "OpenMP::OpenMP_CXX" IN_LIST ARGN)
    precompiled_interface(backend_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY WHYGPU_BACKENDS ${name})
endfunction()

# add_module(FOLDER NAME TARGET SOURCES file… [LIBRARIES target…]): a loadable module beside the backends,
# bin/backends/FOLDER/NAME.so.
function(add_module folder name target)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE whygpu_options ${arg_LIBRARIES})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${name} PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${WHYGPU_MODULE_DIR}/${folder})
  precompiled_interface(${target})
endfunction()

# skip_backend(NAME reason): builds without this backend; `whygpu list` shows the reason.
function(skip_backend name reason)
  message(STATUS "backend ${name}: not built, ${reason}")
  set_property(GLOBAL APPEND_STRING PROPERTY WHYGPU_SKIPPED "${name}\t${reason}\n")
endfunction()

# add_workload(NAME SOURCES file…): one workload and its worker binary bin/NAME. The sources define
# `const Workload& NAME_workload()` in namespace whygpu. Called in benchmarks/ only.
function(add_workload name)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  target_sources(whygpu_trials PRIVATE ${arg_SOURCES})
  set_property(GLOBAL APPEND PROPERTY WHYGPU_WORKLOADS ${name})
  add_executable(${name} worker/worker_main.cpp)
  target_compile_definitions(${name} PRIVATE WHYGPU_WORKLOAD="${name}")
  target_link_libraries(${name} PRIVATE whygpu_benchmarks whygpu_options)
endfunction()

# run_under_thread_sanitizer(TEST): the target threads_tests builds it, and it has the label "threads" too.
function(run_under_thread_sanitizer test)
  if(NOT BUILD_TESTING)
    return()
  endif()
  if(NOT TARGET threads_tests)
    add_custom_target(threads_tests)
  endif()
  add_dependencies(threads_tests ${test})
  set_property(TEST ${test} APPEND PROPERTY LABELS threads)
endfunction()

# whygpu_script_program(NAME SCRIPT [WORDS word…] DEPENDS target…): a test in Python as the program tests/NAME, which is
# a target too, so that ci/mutants can build and run it. It exits with 77 where it cannot run.
function(whygpu_script_program name script)
  cmake_parse_arguments(arg "" "" "WORDS;DEPENDS" ${ARGN})
  find_program(PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
  set(program ${PROJECT_BINARY_DIR}/tests/${name})
  list(JOIN arg_WORDS " " words)
  file(GENERATE OUTPUT ${program} CONTENT "#!/bin/sh
exec '${PYTHON}' '${CMAKE_CURRENT_SOURCE_DIR}/${script}' '${PROJECT_SOURCE_DIR}' '${PROJECT_BINARY_DIR}' ${words}
" FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  add_custom_target(${name} DEPENDS ${arg_DEPENDS})
  add_test(NAME ${name} COMMAND ${program})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endfunction()

# whygpu_test(file_test.cpp… [OPTIMISED] [SOURCES file…] LIBRARIES target…): one test program per file, named after it.
# OPTIMISED: it contains kernels itself. SOURCES: what no library holds and each program compiles for itself. The target
# GROUP_tests builds all tests of a group, which is their label too: the folder at the top, or WHYGPU_TEST_GROUP where a
# folder sets it.
function(whygpu_test)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(arg "OPTIMISED" "" "SOURCES;LIBRARIES" ${ARGN})
  set(group ${WHYGPU_TEST_GROUP})
  if(NOT group)
    file(RELATIVE_PATH group ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
    string(REGEX REPLACE "/.*" "" group ${group})
  endif()
  if(NOT TARGET ${group}_tests)
    add_custom_target(${group}_tests)
  endif()
  if(NOT TARGET whygpu_test_headers)
    file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/generated/test_headers.cpp CONTENT "")
    add_library(whygpu_test_headers OBJECT ${PROJECT_BINARY_DIR}/generated/test_headers.cpp)
    target_link_libraries(whygpu_test_headers PRIVATE whygpu_options GTest::gmock fmt::fmt)
    target_compile_options(whygpu_test_headers PRIVATE ${CMAKE_CXX_COMPILE_OPTIONS_PIE})
    set_target_properties(whygpu_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_precompile_headers(whygpu_test_headers PRIVATE
      <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp> <fmt/format.h> <whygpu/backend.h>)
  endif()
  set(timeout 120)
  if(WHYGPU_SANITIZE OR CMAKE_CROSSCOMPILING)
    set(timeout 600)
  endif()
  foreach(source ${arg_UNPARSED_ARGUMENTS})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} whygpu_options GTest::gtest_main GTest::gmock fmt::fmt)
    if(NOT arg_OPTIMISED)
      fast_compilation(${name})
    endif()
    if(NOT "${arg_LIBRARIES}" MATCHES "whygpu_simt")  # which has options of its own
      target_precompile_headers(${name} REUSE_FROM whygpu_test_headers)
    endif()
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    target_compile_definitions(${name} PRIVATE
      WHYGPU_SOURCE_DIR="${PROJECT_SOURCE_DIR}" WHYGPU_BINARY_DIR="${PROJECT_BINARY_DIR}")
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} LABELS ${group})
    add_dependencies(${group}_tests ${name})
  endforeach()
endfunction()
