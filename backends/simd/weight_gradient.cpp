// Backward weights: dw[K × R·S·C] = dyᵀ · unrolled x, over blocks of pixels. Every item of work is some columns of dw
// by some filters, summed over all pixels or, of a small dw, over a thread's range of them.
#include <algorithm>
#include <functional>

#include "backends/devices/ceil_div.h"
#include "backends/im2col/im2col.h"
#include "backends/simd/blocking.h"
#include "backends/simd/panels.h"
#include "backends/simd/shares.h"
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
    constexpr std::int64_t kBlockPixels = 256;
    const std::int64_t all_pixels = op.n * op.p() * op.q(), l2 = static_cast<std::int64_t>(caches().l2);
    const Blocking blocking =
        choose_blocking(kernels, caches(), op.k / op.groups, unrolling_.depth(), all_pixels, team.count());
    const std::int64_t most = std::min<std::int64_t>(blocking.k, kBlockPixels);
    const std::int64_t dw_bytes = op.k * unrolling_.depth() * kernels.sum_bytes;
    if (team.count() > 1 && dw_bytes <= l2 / 2 && all_pixels >= team.count() * most) ranges_ = team.count();
    // Of about equal size: each block reads and writes all of dw.
    const std::int64_t in_range = ceil_div(all_pixels, ranges_);
    pixels_ = ceil_div(in_range, ceil_div(in_range, most));
    // Half of L2 for the block of x, the rest for dy's.
    const std::int64_t most_columns = l2 / 2 / (pixels_ * kernels.word_bytes);
    if (ranges_ > 1) {
      for (std::int64_t i = 1; i < ranges_; ++i) sums_.emplace_back(dw_bytes);
      items_ = items_of(std::max(most_columns, std::int64_t{kernels.panel_columns()}), 1);
    } else {
      items_ = balanced_items(most_columns);
    }
    if (unrolling_.is_source()) {
      // Copied pixels stay in L1 for all tiles of filters; a few tiles take less time than the copy.
      constexpr std::int64_t kManyTiles = 4;
      const bool copied = displace_each_other(unrolling_.source_c * kernels.value_bytes) &&
                          op.k / op.groups >= kManyTiles * kernels.rows;
      for (int i = 0; copied && i < team.count(); ++i) panels_.emplace_back(panel_bytes(kernels, pixels_));
      return;
    }
    std::int64_t widest = 0;
    for (const Item& item : items_) widest = std::max(widest, item.slice.columns());
    for (int i = 0; i < team.count(); ++i) unrolled_.emplace_back(pixels_ * padded_row(kernels, widest));
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto* x = host_data<const std::byte>(tensors[0]);
    const auto* dy = host_data<const std::byte>(tensors[2]);
    auto* dw = host_data<std::byte>(tensors[1]);
    const auto items = static_cast<std::int64_t>(items_.size());
    shares_.run(team_, items * ranges_, [&](std::int64_t unit, int thread) {
      const std::int64_t range = unit / items;
      run(items_[unit % items], range, thread, x, dy, range == 0 ? dw : sums_[range - 1].data());
    });
    if (ranges_ > 1) team_.run([&](int thread) { add_ranges(thread, dw); });
  }

  std::string implementation() const override {
    return "implicit GEMM over blocks of " + std::to_string(pixels_) +
           (copies_panels()          ? " pixels, copied panel by panel, "
            : unrolling_.is_source() ? " pixels in place, "
                                     : " unrolled pixels, ") +
           describe_kernels(kernels_, std::min<std::size_t>(team_.count(), items_.size() * ranges_));
  }

 private:
  struct PixelRows {
    const std::byte* data;
    std::int64_t row;  // bytes
  };
  struct Item {
    Slice slice;
    std::int64_t group, first_filter, filters;

    double work() const { return static_cast<double>(slice.columns() * filters); }
  };

  // Slices of at most `most` columns, by so many ranges of filters, which are whole tiles.
  std::vector<Item> items_of(std::int64_t most, std::int64_t cuts) const {
    const std::int64_t filters = op_.k / op_.groups;
    std::vector<Item> items;
    for (const Slice& slice : slices_of(unrolling_, most)) {
      for (std::int64_t group = 0; group < op_.groups; ++group) {
        for (std::int64_t cut = 0; cut < cuts; ++cut) {
          const std::int64_t first = block_start(filters, cuts, cut, kernels_.rows);
          items.push_back({slice, group, first, block_start(filters, cuts, cut + 1, kernels_.rows) - first});
        }
      }
    }
    return items;
  }

  // Those that take the threads least time.
  std::vector<Item> balanced_items(std::int64_t most_columns) const {
    constexpr std::int64_t kLeastTiles = 4, kItemsPerThread = 4;  // of an item; enough for one that loses its CPU
    const std::int64_t panel = kernels_.panel_columns(), threads = team_.count();
    std::vector<Item> best = items_of(std::max(most_columns, panel), 1);
    if (threads == 1) return best;
    const std::int64_t tiles = ceil_div(op_.k / op_.groups, kernels_.rows);
    const std::int64_t most_cuts = std::min(ceil_div(tiles, kLeastTiles), kItemsPerThread * threads);
    const std::int64_t widest = std::max(std::min(most_columns, unrolling_.depth()) / panel * panel, panel);
    // Fewer channels are not worth the call that copies them.
    const std::int64_t narrowest = unrolling_.is_source() ? panel : std::min(unrolling_.channels, 2 * panel);
    double least = cost(best, 1);
    for (std::int64_t cuts = 1; cuts <= most_cuts; ++cuts) {
      for (std::int64_t columns = widest; columns >= narrowest; columns -= panel) {
        std::vector<Item> items = items_of(columns, cuts);
        const double found = cost(items, cuts);
        if (found >= least) continue;
        least = found;
        best = std::move(items);
      }
    }
    return best;
  }

  // By how much the largest share exceeds the mean, as Shares deals them out; few items count as some imbalance. Where
  // x and dy do not stay in L2, also the time to read them again for every item, over that of multiplying.
  double cost(const std::vector<Item>& items, std::int64_t cuts) const {
    constexpr double kFew = 0.04, kBytesPerCycle = 12;
    const auto threads = static_cast<std::size_t>(team_.count());
    double all = 0, largest = 0;
    for (std::size_t thread = 0; thread < threads; ++thread) {
      double share = 0;
      for (std::size_t i = items.size() * thread / threads; i < items.size() * (thread + 1) / threads; ++i) {
        share += items[i].work();
      }
      all += share;
      largest = std::max(largest, share);
    }
    double sum = largest * static_cast<double>(threads) / all - 1 + (items.size() < 2 * threads ? kFew : 0);
    const std::int64_t in_group = op_.k / op_.groups,
                       slices = static_cast<std::int64_t>(items.size()) / cuts / op_.groups;
    const std::int64_t bytes =
        (op_.n * op_.p() * op_.q() * op_.k + op_.n * op_.h * op_.w * op_.c) * kernels_.value_bytes;
    if (bytes > static_cast<std::int64_t>(caches().l2 * threads)) {
      const auto values = static_cast<double>(slices * in_group + cuts * unrolling_.channels);
      const auto vectors = static_cast<double>(in_group * unrolling_.depth()) / kernels_.lanes;
      sum += values * kernels_.value_bytes / kBytesPerCycle / vectors;
    }
    return sum;
  }

  // A thread's part of dw.
  void add_ranges(int thread, std::byte* dw) const {
    const std::int64_t values = op_.k * unrolling_.depth();
    const std::int64_t first = values * thread / ranges_, count = values * (thread + 1) / ranges_ - first;
    const std::int64_t offset = first * kernels_.sum_bytes;
    for (const Buffer& sums : sums_) add_values(kernels_, sums.data() + offset, count, dw + offset);
  }

  void run(const Item& item, std::int64_t range, int thread, const std::byte* x, const std::byte* dy, std::byte* dw) {
    const std::int64_t all_pixels = op_.n * op_.p() * op_.q(), depth = unrolling_.depth(), value = kernels_.value_bytes;
    const std::int64_t begin = all_pixels * range / ranges_, end = all_pixels * (range + 1) / ranges_;
    const std::int64_t columns = item.slice.columns(), width = kernels_.panel_columns();
    const std::int64_t filter = item.group * (op_.k / op_.groups) + item.first_filter;
    const std::int64_t first_column = item.slice.first_tap * unrolling_.channels + item.slice.first_channel;
    std::byte* c = dw + (filter * depth + first_column) * kernels_.sum_bytes;
    for (std::int64_t first = begin; first < end; first += pixels_) {
      const std::int64_t pixels = std::min(pixels_, end - first);
      const PixelRows rows = rows_of_x(item, x + item.group * unrolling_.channels * value, first, pixels, thread);
      // Filters lie side by side in dy: a tile finds those of a pixel in one or two lines.
      const RowBlock block{dy + (first * op_.k + filter) * value, kernels_.rows * value, value, op_.k * value};
      // The next block, a part with each panel: no processor foresees so many short reads in lines far apart.
      const std::int64_t panels = ceil_div(columns, width), coming = std::min(pixels_, end - first - pixels);
      // Of x also the channels that another item uses, if these are no more than its own.
      const bool fetches_x = unrolling_.is_source() && 2 * item.slice.channels >= op_.c;
      const auto next_of = [&](const std::byte* image, std::int64_t channels, std::int64_t panel) {
        const std::int64_t pixel = channels * value, bytes = coming * pixel / panels;
        return PanelView::Fetched{image + (first + pixels) * pixel + panel * bytes, bytes};
      };
      for (std::int64_t panel = 0; panel < panels; ++panel) {
        const std::int64_t column = panel * width;
        PanelView view{rows.data + column * value, rows.row, std::min(width, columns - column)};
        if (copies_panels()) {
          std::byte* copy = panels_[thread].data();
          pack_panel(kernels_, {view.b, view.step / value, false}, view.columns, pixels, copy);
          view.b = copy;
          view.step = width * kernels_.word_bytes;
        }
        view.next = next_of(dy, op_.k, panel);
        if (fetches_x) view.then = next_of(x, op_.c, panel);
        multiply_panel(kernels_, block, item.filters, view, pixels, first > begin, c + column * kernels_.sum_bytes,
                       depth);
      }
    }
  }

  bool copies_panels() const { return !panels_.empty(); }

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
  std::int64_t ranges_ = 1;  // of all pixels, each with sums of its own
  std::vector<Item> items_;
  Shares shares_;
  std::vector<Buffer> sums_;      // of each range but the first, whose sums are in dw
  std::vector<Buffer> panels_;    // of each thread; empty unless pixels in place are copied
  std::vector<Buffer> unrolled_;  // of each thread; empty for pixels in place
};

}  // namespace

std::unique_ptr<Operation> prepare_weight_gradient(const Convolution& op, const Kernels& kernels, ThreadTeam& team) {
  return std::make_unique<WeightGradient>(op, kernels, team);
}

}  // namespace whygpu::simd
