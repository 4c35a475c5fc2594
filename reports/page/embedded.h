// Files embedded in the program, so that a page can be written on any machine.
#pragma once

#include <span>
#include <string_view>

namespace whygpu {

struct EmbeddedFile {
  std::string_view name;  // without folder
  std::string_view text;
};

// Page template, style, script and chart specifications.
std::span<const EmbeddedFile> page_files();

// The CommonJS modules of Vega that the charts need; empty in a build without Vega.
std::span<const EmbeddedFile> vega_modules();

// Throws std::out_of_range.
std::string_view page_file(std::string_view name);

}  // namespace whygpu
