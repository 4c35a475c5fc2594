// Network layers beyond GEMM and convolution. A layer is described in backends/layers/NAME/NAME.h by a struct with
//
//   static constexpr std::string_view kName;         // "layer_norm"
//   std::vector<TensorSpec> arguments() const;       // inputs first, then results
//   bool operator==(const LayerNorm&) const;
//
// Parameters, statistics and their gradients are f32; inputs and results may be narrower, and every kernel computes in
// f32. A matrix [rows, columns] may be any tensor whose last extent is `columns`.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "whygpu/backend.h"

namespace whygpu {

template <class D>
concept LayerDescription = requires(const D& d) {
  { D::kName } -> std::convertible_to<std::string_view>;
  { d.arguments() } -> std::same_as<std::vector<TensorSpec>>;
  { d == d } -> std::same_as<bool>;
};

// Any layer description. Copies share it.
class Layer {
 public:
  template <LayerDescription D>
  Layer(D description) : held_(std::make_shared<Holder<D>>(std::move(description))) {}

  std::string_view name() const { return held_->name(); }
  std::vector<TensorSpec> arguments() const { return held_->arguments(); }
  const void* description() const { return held_->description(); }
  bool operator==(const Layer& other) const { return held_ == other.held_ || held_->equals(*other.held_); }

  // The description if it is a D, otherwise null.
  template <LayerDescription D>
  const D* get() const {
    return name() == D::kName && held_->bytes() == sizeof(D) ? static_cast<const D*>(description()) : nullptr;
  }

 private:
  // Compared by name and size, not by RTTI, because descriptions pass between separately loaded modules.
  struct Held {
    virtual ~Held() = default;
    virtual std::string_view name() const = 0;
    virtual std::size_t bytes() const = 0;
    virtual const void* description() const = 0;
    virtual std::vector<TensorSpec> arguments() const = 0;
    virtual bool equals(const Held& other) const = 0;
  };
  template <class D>
  struct Holder final : Held {
    explicit Holder(D d) : value(std::move(d)) {}
    std::string_view name() const override { return D::kName; }
    std::size_t bytes() const override { return sizeof(D); }
    const void* description() const override { return &value; }
    std::vector<TensorSpec> arguments() const override { return value.arguments(); }
    bool equals(const Held& other) const override {
      return other.name() == D::kName && other.bytes() == sizeof(D) &&
             value == *static_cast<const D*>(other.description());
    }
    D value;
  };

  std::shared_ptr<const Held> held_;
};

// Kernels of layers: for a kind of device, or a backend's own (Backend::layers()).
class LayerKernels {
 public:
  virtual ~LayerKernels() = default;

  // Over row-major tensors of the device. Null if there is no kernel for `layer`.
  virtual std::unique_ptr<Operation> prepare(const Layer& layer) = 0;
};

// Returned by the entry point `whygpu_layer_module` of backends/layers/KIND.so.
struct LayerModule {
  std::uint32_t interface = kInterface;
  const char* name = nullptr;  // the device's kind: "cpu"
  LayerKernels* (*create)(Device& device) = nullptr;
  const char* version = kVersion;
  const char* standard_library = kStandardLibrary;
};

}  // namespace whygpu
