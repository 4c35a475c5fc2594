// Catalogues of devices, as --catalogue reads them, added to the one that is built in.
#include "reports/catalogue/catalogue.h"

#include "ci/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  static const Catalogue standard = Catalogue::standard();
  Catalogue catalogue = standard;
  try {
    catalogue.add_text(text_of(bytes, size), "fuzz.json");
  } catch (const CatalogueError&) {
    return 0;
  }
  for (const auto& device : catalogue.devices()) {
    expect(catalogue.find(device.name) != nullptr, "a device is found by its name");
    catalogue.fraction_of_nominal(
        {.device = device.name, .kind = CeilingKind::bandwidth, .level = "memory", .value = 1});
  }
  return 0;
}
