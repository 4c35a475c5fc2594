// Backward weights: dw[K × R·S·C] = dyᵀ · unrolled x, over blocks of pixels. Every item of work is some columns of dw
// by some filters, summed over all pixels.
#include <algorithm>
#include <atomic>
#include <functional>

#include "backends/devices/ceil_div.h"
#include "backends/im2col/im2col.h"
#include "backends/simd/blocking.h"
#include "backends/simd/panels.h"
#include "backends/simd/simd.h"
#include "backends/simd/unrolled.h"
#include "whygpu/host_device.h"

namespace whygpu::simd {
namespace {

class WeightGradient final : public HostOperation {
 public:
  WeightGradient(const Convolution& op, const Kernels& kernels, ThreadTeam& team)
      : HostOperation(op.arguments()),
        op_(op),
        kernels_(kernels),
        team_(team),
        unrolling_(im2col::planes_of(op).front().unrolling) {
    // More pixels would leave L2 room for fewer columns.
    constexpr std::int64_t kItemsPerThread = 4, kBlockPixels = 256;
    const int threads = team.count();
    const std::int64_t filters = op.k / op.groups;
    const Blocking blocking =
        choose_blocking(kernels, caches(), filters, unrolling_.depth(), op.n * op.p() * op.q(), threads);
    pixels_ = std::min<std::int64_t>(blocking.k, kBlockPixels);
    // Half of L2 for the block of x, the rest for dy's.
    const std::int64_t columns = static_cast<std::int64_t>(caches().l2) / 2 / (pixels_ * kernels.word_bytes);
    const std::vector<Slice> slices = slices_of(unrolling_, std::max<std::int64_t>(columns, kernels.panel_columns()));
    const auto units = static_cast<std::int64_t>(slices.size()) * op.groups;
    const std::int64_t wanted = threads == 1 ? 1 : ceil_div(kItemsPerThread * threads, units);
    const std::int64_t tiles = ceil_div(filters, kernels.rows), cuts = std::min(wanted, ceil_div(tiles, 4));
    rows_ = ceil_div(tiles, cuts) * kernels.rows;
    std::int64_t widest = 0;
    for (const Slice& slice : slices) {
      widest = std::max(widest, slice.columns());
      for (std::int64_t group = 0; group < op.groups; ++group) {
        for (std::int64_t filter = 0; filter < filters; filter += rows_) {
          items_.push_back({slice, group, filter, std::min(rows_, filters - filter)});
        }
      }
    }
    if (unrolling_.is_source()) return;
    for (int i = 0; i < threads; ++i) unrolled_.emplace_back(pixels_ * padded_row(kernels, widest));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto* x = host_data<const std::byte>(tensors[0]);
    const auto* dy = host_data<const std::byte>(tensors[2]);
    auto* dw = host_data<std::byte>(tensors[1]);
    std::atomic<std::size_t> next{0};
    const auto work = [&](int thread) {
      for (std::size_t i = next++; i < items_.size(); i = next++) run(items_[i], thread, x, dy, dw);
    };
    team_.run(std::ref(work));
  }

  std::string implementation() const override {
    return "implicit GEMM over blocks of " + std::to_string(pixels_) +
           (unrolling_.is_source() ? " pixels in place, " : " unrolled pixels, ") +
           describe_kernels(kernels_, std::min<std::size_t>(team_.count(), items_.size()));
  }

 private:
  struct Item {
    Slice slice;
    std::int64_t group, first_filter, filters;
  };

  void run(const Item& item, int thread, const std::byte* x, const std::byte* dy, std::byte* dw) {
    const std::int64_t all_pixels = op_.n * op_.p() * op_.q(), depth = unrolling_.depth(), value = kernels_.value_bytes;
    const std::int64_t columns = item.slice.columns(), width = kernels_.panel_columns();
    const std::int64_t filter = item.group * (op_.k / op_.groups) + item.first_filter;
    const std::int64_t first_column = item.slice.first_tap * unrolling_.channels + item.slice.first_channel;
    std::byte* c = dw + (filter * depth + first_column) * kernels_.sum_bytes;
    for (std::int64_t first = 0; first < all_pixels; first += pixels_) {
      const std::int64_t pixels = std::min(pixels_, all_pixels - first);
      const PixelRows rows = rows_of_x(item, x + item.group * unrolling_.channels * value, first, pixels, thread);
      // Filters lie side by side in dy: a tile finds those of a pixel in one or two lines.
      const RowBlock block{dy + (first * op_.k + filter) * value, kernels_.rows * value, value, op_.k * value};
      for (std::int64_t column = 0; column < columns; column += width) {
        multiply_panel(kernels_, block, item.filters,
                       {rows.data + column * value, rows.row, std::min(width, columns - column)}, pixels, first > 0,
                       c + column * kernels_.sum_bytes, depth);
      }
    }
  }

  struct PixelRows {
    const std::byte* data;
    std::int64_t row;  // bytes
  };

  PixelRows rows_of_x(const Item& item, const std::byte* x, std::int64_t first, std::int64_t pixels, int thread) const {
    const std::int64_t value = kernels_.value_bytes, pixel = unrolling_.source_c * value;
    if (unrolling_.is_source()) return {x + first * pixel + item.slice.first_channel * value, pixel};
    const std::int64_t row = padded_row(kernels_, item.slice.columns());
    unroll(unrolling_, item.slice, x, kernels_.value_bytes, first, pixels, unrolled_[thread].data(), row);
    return {unrolled_[thread].data(), row};
  }

  Convolution op_;
  const Kernels& kernels_;
  ThreadTeam& team_;
  im2col::Unrolling unrolling_;
  std::int64_t pixels_ = 0;  // of a block
  std::int64_t rows_ = 0;    // filters of an item
  std::vector<Item> items_;
  std::vector<Buffer> unrolled_;  // of each thread; empty for pixels in place
};

}  // namespace

std::unique_ptr<Operation> prepare_weight_gradient(const Convolution& op, const Kernels& kernels, ThreadTeam& team) {
  return std::make_unique<WeightGradient>(op, kernels, team);
}

}  // namespace whygpu::simd
