# whygpu_add_backend(NAME SOURCES file… [LIBRARIES target…]): a loadable module, NAME.so, as target backend_NAME.
#
# Code layout affects measurements: an unused function can change the time of a small kernel by tens of percent. Functions
# and loops are therefore aligned to cache lines.
function(whygpu_add_backend name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(backend_${name} MODULE ${arg_SOURCES})
  target_link_libraries(backend_${name} PRIVATE whygpu::backend ${arg_LIBRARIES})
  target_compile_options(backend_${name} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-falign-functions=64> $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-falign-loops=64>)
  set_target_properties(backend_${name} PROPERTIES
    OUTPUT_NAME ${name} PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN OFF)
endfunction()
