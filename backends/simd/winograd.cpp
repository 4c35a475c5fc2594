// Forward and backward data by Winograd. A block of tiles is transformed into 36 matrices in L2, each is multiplied
// with its matrix of filters for some result channels, and those are transformed back.
#include "backends/simd/winograd.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "backends/devices/ceil_div.h"
#include "backends/simd/blocking.h"
#include "backends/simd/epilogue.h"
#include "backends/simd/packed_operand.h"
#include "backends/simd/shares.h"
#include "backends/simd/simd.h"
#include "whygpu/host_device.h"

namespace whygpu::simd::winograd {
namespace {

// Transformed filters as panels of B: [panel][plane].
class TransformedFilters final : public PackedOperand {
 public:
  TransformedFilters(const Convolution& op, const Kernels& kernels)
      : PackedOperand(op.arguments()[1]), op_(op), kernels_(kernels), panels_(count() * kPlanes * bytes_of_panel()) {}

  void pack(const std::byte* filters) override {
    const Scratch scratch = make_scratch();
    for (std::int64_t p = 0; p < count(); ++p) transform(p, filters, scratch);
  }

  std::int64_t count() const { return ceil_div(is_forward() ? op_.k : op_.c, kernels_.panel_columns()); }
  std::size_t bytes_of_panel() const { return panel_bytes(kernels_, is_forward() ? op_.c : op_.k); }
  std::byte* panel(std::int64_t index, std::int64_t plane) const {
    return panels_.data() + (index * kPlanes + plane) * bytes_of_panel();
  }

  // Filters of a panel before they are packed: one thread's.
  using Scratch = std::optional<Planes>;
  Scratch make_scratch() const {
    return is_forward() ? Scratch(std::in_place, kernels_, kernels_.panel_columns(), op_.c) : Scratch();
  }

  void transform(std::int64_t panel, const std::byte* filters, const Scratch& scratch) {
    is_forward() ? transform_forward(panel, filters, *scratch) : transform_turned(panel, filters);
  }

 private:
  bool is_forward() const { return op_.pass == Pass::forward; }

  // Columns are filters.
  void transform_forward(std::int64_t index, const std::byte* filters, const Planes& scratch) {
    const std::int64_t value = kernels_.value_bytes, width = kernels_.panel_columns(), first = index * width;
    const std::int64_t columns = std::min(width, op_.k - first);
    for (std::int64_t i = 0; i < columns; ++i) {
      std::array<const std::byte*, kTaps> taps;
      for (std::int64_t t = 0; t < kTaps; ++t) taps[t] = filters + ((first + i) * kTaps + t) * op_.c * value;
      kernels_.transform_filter({op_.c, taps.data(), scratch.of(0) + i * scratch.row, scratch.stride});
    }
    for (std::int64_t plane = 0; plane < kPlanes; ++plane) {
      pack_panel(kernels_, {scratch.of(plane), scratch.row / value, true}, columns, op_.c, panel(index, plane));
    }
  }

  // Columns are the filters' channels, and the last tap comes first: the layout of a panel is that of the transform.
  void transform_turned(std::int64_t index, const std::byte* filters) {
    const std::int64_t value = kernels_.value_bytes, width = kernels_.panel_columns(), first = index * width;
    for (std::int64_t k = 0; k < op_.k; ++k) {
      std::array<const std::byte*, kTaps> taps;
      for (std::int64_t t = 0; t < kTaps; ++t) {
        taps[t] = filters + ((k * kTaps + kTaps - 1 - t) * op_.c + first) * value;
      }
      kernels_.transform_filter({std::min(width, op_.c - first), taps.data(), panel(index, 0) + k * width * value,
                                 static_cast<std::int64_t>(bytes_of_panel())});
    }
  }

  Convolution op_;
  const Kernels& kernels_;
  Buffer panels_;
};

class PixelsByWinograd final : public HostOperation {
 public:
  PixelsByWinograd(const Convolution& op, Layout layout, const Kernels& kernels, ThreadTeam& team,
                   std::vector<TensorSpec> arguments, std::optional<BiasActivation> then)
      : HostOperation(std::move(arguments)),
        op_(op),
        kernels_(kernels),
        team_(team),
        then_(then),
        tiles_(op, kernels.value_bytes) {
    const std::int64_t panels = ceil_div(tiles_.result_c, kernels.panel_columns());
    const std::int64_t row = padded_row(kernels, tiles_.source_c), least = 2 * kernels.rows;
    const std::int64_t fitting = static_cast<std::int64_t>(caches().l2) / 2 / (kPlanes * row) / kernels.rows;
    const std::int64_t most = std::max(fitting * kernels.rows, least), threads = team.count();
    const std::int64_t wanted = ceil_div(tiles_.count(), 2 * threads);
    block_ = std::min(most, std::max(ceil_div(wanted, kernels.rows) * kernels.rows, least));
    const std::int64_t blocks = ceil_div(tiles_.count(), block_);
    const std::int64_t cuts = threads == 1 ? 1 : std::clamp<std::int64_t>(ceil_div(2 * threads, blocks), 1, panels);
    for (std::int64_t i = 0; i < blocks; ++i) {
      const std::int64_t first = block_start(tiles_.count(), blocks, i, kernels.rows);
      const std::int64_t last = block_start(tiles_.count(), blocks, i + 1, kernels.rows);
      for (std::int64_t cut = 0; cut < cuts; ++cut) {
        items_.push_back({first, last - first, panels * cut / cuts, panels * (cut + 1) / cuts});
      }
    }
    for (int i = 0; i < threads; ++i) {
      images_.emplace_back(kernels, block_, tiles_.source_c);
      results_.emplace_back(kernels, block_, kernels.panel_columns());
      unused_.emplace_back(kernels.panel_columns() * kernels.value_bytes);
    }
    if (layout == Layout::row_major) {
      own_filters_ = std::make_unique<TransformedFilters>(op_, kernels_);
      for (int i = 0; i < threads; ++i) scratch_.push_back(own_filters_->make_scratch());
    }
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    if (index == 1 && !own_filters_) return std::make_unique<TransformedFilters>(op_, kernels_);
    return HostOperation::allocate(index);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const bool forward = op_.pass == Pass::forward;
    const auto* source = host_data<const std::byte>(tensors[forward ? 0 : 2]);
    auto* result = host_data<std::byte>(forward ? tensors.back() : tensors[0]);
    epilogue_ = then_ ? epilogue_of(*then_, tensors) : Epilogue{};
    if (own_filters_) {
      const auto* values = host_data<const std::byte>(tensors[1]);
      shares_.run(team_, own_filters_->count(),
                  [&](std::int64_t panel, int thread) { own_filters_->transform(panel, values, scratch_[thread]); });
    }
    const auto& filters = own_filters_ ? *own_filters_ : static_cast<const TransformedFilters&>(*tensors[1]);
    shares_.run(team_, static_cast<std::int64_t>(items_.size()),
                [&](std::int64_t item, int thread) { run(items_[item], thread, source, filters, result); });
  }

  std::string implementation() const override {
    return "Winograd F(4×4, 3×3), up to " + std::to_string(block_) +
           " tiles of images at a time, filters transformed " + (own_filters_ ? "on every run" : "beforehand") +
           (then_ ? describe(*then_) : "") + ", " +
           describe_kernels(kernels_, std::min<std::size_t>(team_.count(), items_.size()));
  }

 private:
  // Some tiles by some panels of result channels.
  struct Item {
    std::int64_t first, tiles, first_panel, last_panel;
  };

  void run(const Item& item, int thread, const std::byte* source, const TransformedFilters& filters,
           std::byte* result) {
    const Planes& image = images_[thread];
    const Planes& sums = results_[thread];
    const std::int64_t value = kernels_.value_bytes, width = kernels_.panel_columns();
    for (std::int64_t t = 0; t < item.tiles; ++t) {
      const auto values = tiles_.source_of(item.first + t, source, zeros_.data());
      kernels_.transform_image({tiles_.source_c, values.data(), image.of(0) + t * image.row, image.stride});
    }
    const auto panel_bytes = static_cast<std::int64_t>(filters.bytes_of_panel());
    for (std::int64_t p = item.first_panel; p < item.last_panel; ++p) {
      const std::int64_t columns = std::min(width, tiles_.result_c - p * width);
      for (std::int64_t plane = 0; plane < kPlanes; ++plane) {
        const std::byte* panel = filters.panel(p, plane);
        multiply_panel(kernels_, {image.of(plane), image.row * kernels_.rows, image.row, kernels_.word_bytes},
                       item.tiles, {panel, width * kernels_.word_bytes, columns, {panel + panel_bytes, panel_bytes}},
                       tiles_.source_c, false, sums.of(plane), sums.row / value);
      }
      const std::byte* bias = then_ ? epilogue_.bias + p * width * value : nullptr;
      for (std::int64_t t = 0; t < item.tiles; ++t) {
        const auto values = tiles_.result_of(item.first + t, p * width, result, unused_[thread].data());
        kernels_.transform_result(
            {columns, sums.of(0) + t * sums.row, sums.stride, values.data(), bias, epilogue_.relu});
      }
    }
  }

  Convolution op_;
  const Kernels& kernels_;
  ThreadTeam& team_;
  std::optional<BiasActivation> then_;
  Epilogue epilogue_;  // of the run
  Tiles tiles_;
  std::int64_t block_ = 0;  // tiles, at most
  std::vector<Item> items_;
  Shares shares_;
  Buffer zeros_{static_cast<std::size_t>(tiles_.source_c * kernels_.value_bytes)};
  std::vector<Planes> images_, results_;  // of each thread
  std::vector<Buffer> unused_;
  std::unique_ptr<TransformedFilters> own_filters_;  // of row-major tensors
  std::vector<TransformedFilters::Scratch> scratch_;
};

}  // namespace

std::unique_ptr<Operation> prepare_pixels(const Convolution& op, Layout layout, const Kernels& kernels,
                                          ThreadTeam& team) {
  return std::make_unique<PixelsByWinograd>(op, layout, kernels, team, op.arguments(), std::nullopt);
}

std::unique_ptr<Operation> prepare_fused(const FusedBiasActivation& fused, const Kernels& kernels, ThreadTeam& team) {
  return std::make_unique<PixelsByWinograd>(std::get<Convolution>(fused.product), Layout::row_major, kernels, team,
                                            fused.arguments(), fused.then);
}

}  // namespace whygpu::simd::winograd
