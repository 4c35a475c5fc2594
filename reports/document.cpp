#include "reports/document.h"

namespace whygpu {

Value known(const std::string& text) {
  if (text.empty()) return {};
  return text;
}

Value known(const std::optional<double>& number) {
  if (!number) return {};
  return *number;
}

}  // namespace whygpu
