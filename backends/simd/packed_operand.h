// An argument of an operation in a layout of its own. Keeps the caller's values too, for download().
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "whygpu/host_device.h"

namespace whygpu::simd {

// Must not outlive the operation, whose layout it has.
class PackedOperand : public Tensor {
 public:
  explicit PackedOperand(TensorSpec spec) : spec_(std::move(spec)) {}

  std::size_t bytes() const final { return spec_.bytes(); }
  void upload(const void* row_major) final {
    if (!values_) values_.emplace(spec_);
    values_->upload(row_major);
    pack(static_cast<const std::byte*>(row_major));
  }
  void download(void* row_major) const final {
    if (values_) values_->download(row_major);
  }
  bool intact() const final { return !values_ || values_->intact(); }

  virtual void pack(const std::byte* row_major) = 0;

 private:
  TensorSpec spec_;
  std::optional<HostTensor> values_;  // what was uploaded
};

}  // namespace whygpu::simd
