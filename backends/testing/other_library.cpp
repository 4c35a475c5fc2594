// A module built with another C++ standard library.
#include "whygpu/backend.h"

extern "C" __attribute__((visibility("default"))) const whygpu::Module* whygpu_backend_module() {
  static const whygpu::Module module{.name = "other_library", .standard_library = "libc++"};
  return &module;
}
