# embed_files(TARGET FUNCTION file…): compiles the files into the target; `std::span<const EmbeddedFile> FUNCTION()` returns
# them (reports/page/embedded.h).
function(embed_files target function)
  set(labels "")
  set(declarations "")
  set(entries "")
  set(number 0)
  foreach(file ${ARGN})
    get_filename_component(path ${file} ABSOLUTE)
    get_filename_component(name ${file} NAME)
    set(label "whygpu_${function}_${number}")
    string(APPEND labels
      "    \".global ${label}, ${label}_end\\n.hidden ${label}, ${label}_end\\n\"\n"
      "    \"${label}:\\n.incbin \\\"${path}\\\"\\n${label}_end:\\n.byte 0\\n\"\n")
    string(APPEND declarations "extern \"C\" const char ${label}[], ${label}_end[];\n")
    string(APPEND entries
      "      {\"${name}\", {${label}, static_cast<std::size_t>(${label}_end - ${label})}},\n")
    math(EXPR number "${number} + 1")
    set_property(SOURCE ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp APPEND PROPERTY OBJECT_DEPENDS ${path})
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp @ONLY CONTENT
"#include \"reports/page/embedded.h\"

#include <cstddef>
#include <vector>

asm(\".section .rodata\\n\"
@labels@    \".text\\n\");
@declarations@
std::span<const whygpu::EmbeddedFile> whygpu::@function@() {
  static const std::vector<EmbeddedFile> files = {
@entries@  };
  return files;
}
")
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${function}.cpp)
endfunction()
