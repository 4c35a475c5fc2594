// The loadable module for CPUs.
#include "backends/layers/host/cpu_layers.h"

extern "C" __attribute__((visibility("default"))) const whygpu::LayerModule* whygpu_layer_module() {
  static const whygpu::LayerModule module{
      .name = "cpu", .create = [](whygpu::Device& device) { return whygpu::make_cpu_layers(device).release(); }};
  return &module;
}
