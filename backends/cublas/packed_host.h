// pack() and unpack() on the host, thread by thread, for tests.
#pragma once

#include <algorithm>
#include <new>
#include <vector>

#include "backends/cublas/packed_values.h"

namespace whygpu {

template <class T>
std::vector<T> pack_on_host(const PackedLayout& layout, const std::vector<T>& row_major) {
  static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= kChunkBytes, "a vector is aligned like device memory");
  std::vector<T> packed(layout.bytes() / sizeof(T), static_cast<T>(99));
  for (std::int64_t entry = 0; entry < layout.batch; ++entry) {
    for (std::int64_t chunk = 0; chunk < chunks_of(layout); ++chunk) {
      pack_chunk(layout, entry, static_cast<std::uint32_t>(chunk), row_major.data(), packed.data());
    }
  }
  return packed;
}

template <class T>
std::vector<T> unpack_on_host(const PackedLayout& layout, const std::vector<T>& packed) {
  std::vector<T> row_major(static_cast<std::size_t>(layout.batch * layout.rows * layout.columns));
  for (std::int64_t entry = 0; entry < layout.batch; ++entry) {
    for (std::int64_t row = 0; row < layout.rows; ++row) {
      const T* const from = packed_row(layout, entry, row, packed.data());
      std::copy_n(from, layout.columns, plain_row(layout, entry, row, row_major.data()));
    }
  }
  return row_major;
}

}  // namespace whygpu
