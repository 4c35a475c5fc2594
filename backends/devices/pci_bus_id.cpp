#include "backends/devices/pci_bus_id.h"

#include <cstdio>

namespace whygpu {

std::string normal_pci_bus_id(std::string_view text) {
  const std::string id(text);
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  int length = 0;
  const bool whole = std::sscanf(id.c_str(), "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &length) == 4;
  if (!whole || static_cast<std::size_t>(length) != id.size()) return id;
  char normal[24];
  std::snprintf(normal, sizeof normal, "%04x:%02x:%02x.%x", domain, bus, device, function);
  return normal;
}

bool same_pci_device(std::string_view a, std::string_view b) {
  return !a.empty() && normal_pci_bus_id(a) == normal_pci_bus_id(b);
}

}  // namespace whygpu
