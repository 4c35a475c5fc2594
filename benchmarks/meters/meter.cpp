#include "benchmarks/meters/meter.h"

namespace whygpu {

const char* scope_name(MeterScope scope) {
  constexpr const char* names[] = {"host", "device", "machine"};
  return names[static_cast<int>(scope)];
}

double parse_reading(const std::string& text, const std::filesystem::path& path) {
  const auto value = whole_number(text);
  if (!value) throw MeterError(path.string() + ": expected a whole number, found \"" + text + "\"");
  return static_cast<double>(*value);
}

}  // namespace whygpu
