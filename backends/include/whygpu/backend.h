// A backend is a loadable module that computes GEMM and convolution with one library or with its own kernels.
//
// It reports which operations it supports, prepares one (choosing an algorithm, packing, allocating workspace), and
// then only runs it. It knows nothing of measuring. Callers see row-major matrices, NHWC images and KRSC filters; a
// backend may store them in any layout. Failures are exceptions derived from std::exception whose what() is one line.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "whygpu/convolution.h"
#include "whygpu/device.h"
#include "whygpu/gemm.h"
#include "whygpu/version.h"

namespace whygpu {

class LayerKernels;
class Probes;

using Op = std::variant<Gemm, Convolution>;

// The arguments of any operation, in order.
template <class... Shapes>
std::vector<TensorSpec> arguments(const std::variant<Shapes...>& op) {
  return std::visit([](const auto& shape) { return shape.arguments(); }, op);
}

// Yes, or the reason why not.
struct Support {
  bool yes = true;
  std::string reason;

  static Support no(std::string why) { return {false, std::move(why)}; }
  explicit operator bool() const { return yes; }
};

// One operation, ready to run any number of times. It must not outlive its backend.
class Operation {
 public:
  virtual ~Operation() = default;

  // A tensor for argument `index`, in the layout that the operation was prepared for. Contents are undefined.
  virtual std::unique_ptr<Tensor> allocate(int index) = 0;

  // Queues one run over tensors in the order of the operation's arguments: those of its own allocate() or, with
  // Layout::row_major, any of the device's. It only runs: prepare() has chosen, packed and allocated what can be.
  virtual void enqueue(std::span<Tensor* const> tensors) = 0;

  // What actually runs: kernel, instruction set, algorithm, math mode, workspace. Names every conversion and fallback.
  virtual std::string implementation() const = 0;
};

enum class Layout : std::uint8_t {
  preferred,  // the operation allocates its own tensors, and only it reads them
  row_major,  // operations share the tensors of Device::allocate() and Device::view()
};

struct PrepareOptions {
  std::string_view variant = {};  // one of variants(op); empty for the default
  Layout layout = Layout::preferred;
  bool cold = false;  // it will run on operands outside the cache: what is chosen by timing is timed that way
};

struct Settings {
  int threads = 1;  // CPU threads that a host library may use
  int device = 0;   // index of the accelerator
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string version() const = 0;  // library and version, as reported at run time
  virtual Facts facts() const = 0;          // what it chose on this machine: dispatched core, threading, …
  virtual Device& device() = 0;             // owned by the backend

  // Selectable implementations of `op`, the default first; empty if there is only one.
  virtual std::vector<std::string> variants([[maybe_unused]] const Op& op) const { return {}; }

  // Whether prepare() accepts these. An unsupported layout or variant is refused here, never replaced.
  virtual Support supports(const Op& op, const PrepareOptions& options) const = 0;
  virtual std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) = 0;

  // Optional parts, owned by the backend; null if missing.
  virtual Probes* probes() { return nullptr; }        // the limits of the device (whygpu/probes.h)
  virtual LayerKernels* layers() { return nullptr; }  // its own versions of network layers (backends/layers/layer.h)
};

// Returned by a module's single entry point. The first three members never move, so that a module of any version can be
// refused by name.
struct Module {
  std::uint32_t interface = kInterface;
  const char* name = nullptr;
  Backend* (*create)(const Settings&) = nullptr;  // throws the reason when the library or device is not usable
  const char* version = kVersion;
  const char* standard_library = kStandardLibrary;
};

}  // namespace whygpu

// Defines the entry point of a module, once per module: WHYGPU_BACKEND("openblas", OpenBlas);
#define WHYGPU_BACKEND(module_name, Class)                                                                   \
  extern "C" __attribute__((visibility("default"))) const whygpu::Module* whygpu_backend_module() {          \
    static const whygpu::Module module{                                                                      \
        .name = module_name,                                                                                 \
        .create = [](const whygpu::Settings& settings) -> whygpu::Backend* { return new Class(settings); }}; \
    return &module;                                                                                          \
  }
