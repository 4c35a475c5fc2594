// Facts of a device that may be unknown, which are then left out.
#pragma once

#include <cstdio>
#include <optional>

#include "whygpu/device.h"

namespace whygpu {

// "1755 MHz"
inline void add_fact(Facts& facts, const char* name, std::optional<double> value, const char* unit) {
  if (!value) return;
  char text[48];
  std::snprintf(text, sizeof text, "%.6g%s", *value, unit);
  facts.emplace_back(name, text);
}

// "on" or "off"
inline void add_fact(Facts& facts, const char* name, std::optional<bool> value) {
  if (value) facts.emplace_back(name, *value ? "on" : "off");
}

}  // namespace whygpu
