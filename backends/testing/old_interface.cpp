// A module built for another interface version.
#include "whygpu/backend.h"

extern "C" __attribute__((visibility("default"))) const whygpu::Module* whygpu_backend_module() {
  static const whygpu::Module module{.interface = 0, .name = "old_interface", .version = "0.0.9"};
  return &module;
}
