// Matrices stored with zero padding, which adds nothing to products, and transposed if an algorithm needs that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "backends/devices/cuda.h"

namespace whygpu {

// Memory layout of `batch` matrices of rows × columns values: padded_rows × padded_columns values each, holding the
// matrix or its transpose.
struct PaddedLayout {
  std::int64_t batch = 1, rows = 0, columns = 0;
  std::int64_t padded_rows = 0, padded_columns = 0;  // as stored
  bool transposed = false;
  std::size_t element_bytes = 1;  // 1 or 4

  std::size_t bytes() const { return static_cast<std::size_t>(batch * padded_rows * padded_columns) * element_bytes; }
};

// Converts unpadded row-major values to `layout`, and back. `stored` holds layout.bytes().
void pad(const PaddedLayout& layout, const void* row_major, std::span<std::byte> stored);
void unpad(const PaddedLayout& layout, std::span<const std::byte> stored, void* row_major);

class PaddedTensor final : public CudaTensor {
 public:
  PaddedTensor(CudaDevice& device, const PaddedLayout& layout) : CudaTensor(device, layout.bytes()), layout_(layout) {}

  void upload(const void* row_major) override;
  void download(void* row_major) const override;

 private:
  PaddedLayout layout_;
};

}  // namespace whygpu
