// Spellings of PCI addresses.
#pragma once

#include <string>
#include <string_view>

namespace whygpu {

// Linux's spelling of a PCI address ("0000:0a:00.0"); NVML writes "00000000:0A:00.0", CUDA "0000:0A:00.0". Other text
// is returned unchanged.
std::string normal_pci_bus_id(std::string_view text);

// Whether two addresses, in any of these spellings, are those of the same device. An empty one matches nothing.
bool same_pci_device(std::string_view a, std::string_view b);

}  // namespace whygpu
