#include "reports/page/embedded.h"

#include <stdexcept>
#include <string>

namespace whygpu {

std::string_view page_file(std::string_view name) {
  for (const auto& file : page_files()) {
    if (file.name == name) return file.text;
  }
  throw std::out_of_range("no page file " + std::string(name));
}

}  // namespace whygpu
