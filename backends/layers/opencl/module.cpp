// The loadable module for OpenCL devices.
#include "backends/layers/opencl/opencl_layers.h"

extern "C" __attribute__((visibility("default"))) const whygpu::LayerModule* whygpu_layer_module() {
  static const whygpu::LayerModule module{
      .name = "opencl", .create = [](whygpu::Device& device) {
        return whygpu::make_opencl_layers(static_cast<whygpu::OpenClDevice&>(device)).release();
      }};
  return &module;
}
