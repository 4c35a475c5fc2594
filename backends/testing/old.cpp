// A module built against another version of the interface.
#include "backends/backend.h"

extern "C" __attribute__((visibility("default"))) const whygpu::Module* whygpu_backend_module() {
  static const whygpu::Module module{0, "old", nullptr};
  return &module;
}
