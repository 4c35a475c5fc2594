// Backward weights by Winograd. Each part of the work adds up, for some tiles and some filters, the 36 products of the
// transformed dy with the transformed x; then the parts are added and transformed back.
#include <algorithm>
#include <functional>

#include "backends/devices/ceil_div.h"
#include "backends/simd/blocking.h"
#include "backends/simd/simd.h"
#include "backends/simd/winograd.h"
#include "whygpu/host_device.h"

namespace whygpu::simd::winograd {
namespace {

class WeightGradientByWinograd final : public HostOperation {
 public:
  WeightGradientByWinograd(const Convolution& op, const Kernels& kernels, ThreadTeam& team)
      : HostOperation(op.arguments()), op_(op), kernels_(kernels), team_(team), tiles_(op, kernels.value_bytes) {
    const std::int64_t rows = padded_row(kernels, op.c) + padded_row(kernels, op.k);
    const std::int64_t fitting = static_cast<std::int64_t>(caches().l2) / (kPlanes * rows);
    block_ = std::min(std::clamp(fitting, kLeastTiles, kMostTiles), tiles_.count());
    add_parts(team.count());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      images_.emplace_back(kernels, block_, op.c);
      gradients_.emplace_back(kernels, block_, parts_[i].filters);
      sums_.emplace_back(kernels, parts_[i].filters, op.c);
    }
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto* x = host_data<const std::byte>(tensors[0]);
    const auto* dy = host_data<const std::byte>(tensors[2]);
    auto* dw = host_data<std::byte>(tensors[1]);
    team_.run(static_cast<int>(parts_.size()), [&](int part) { add_up(part, x, dy); });
    team_.run([&](int thread) {
      const std::int64_t last = op_.k * (thread + 1) / team_.count();
      for (std::int64_t k = op_.k * thread / team_.count(); k < last; ++k) write_filter(k, dw);
    });
  }

  std::string implementation() const override {
    return "Winograd F(3×3, 4×4), up to " + std::to_string(block_) + " tiles of images at a time, " +
           describe_kernels(kernels_, parts_.size());
  }

 private:
  static constexpr std::int64_t kLeastTiles = 48, kMostTiles = 128;  // of a block

  struct Part {
    std::int64_t first_tile, last_tile, first_filter, filters;
  };

  // Ranges of tiles for the threads, of at least a block, and of filters if those are too few. Every range has sums of
  // its own for all filters.
  void add_parts(std::int64_t threads) {
    const std::int64_t fitting = kMostBytes / (kPlanes * op_.k * op_.c * kernels_.value_bytes);
    const std::int64_t ranges = std::clamp<std::int64_t>(std::min(tiles_.count() / kLeastTiles, fitting), 1, threads);
    const std::int64_t most_cuts = ceil_div(op_.k, kernels_.rows);
    cuts_ = std::min(threads / ranges, most_cuts);
    for (std::int64_t range = 0; range < ranges; ++range) {
      for (std::int64_t cut = 0; cut < cuts_; ++cut) {
        const std::int64_t first = block_start(op_.k, cuts_, cut, kernels_.rows);
        parts_.push_back({tiles_.count() * range / ranges, tiles_.count() * (range + 1) / ranges, first,
                          block_start(op_.k, cuts_, cut + 1, kernels_.rows) - first});
      }
    }
  }

  void add_up(int index, const std::byte* x, const std::byte* dy) const {
    const Part& part = parts_[index];
    const Planes &image = images_[index], &gradient = gradients_[index], &sums = sums_[index];
    const std::int64_t value = kernels_.value_bytes, width = kernels_.panel_columns();
    const std::int64_t blocks = ceil_div(part.last_tile - part.first_tile, block_);
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t first = part.first_tile + (part.last_tile - part.first_tile) * block / blocks;
      const std::int64_t tiles = part.first_tile + (part.last_tile - part.first_tile) * (block + 1) / blocks - first;
      for (std::int64_t t = 0; t < tiles; ++t) {
        const auto of_x = tiles_.source_of(first + t, x, zeros_.data());
        kernels_.transform_image({op_.c, of_x.data(), image.of(0) + t * image.row, image.stride});
        const auto of_dy = tiles_.result_of<const std::byte>(first + t, part.first_filter, dy, zeros_.data());
        kernels_.transform_result_gradient(
            {part.filters, of_dy.data(), gradient.of(0) + t * gradient.row, gradient.stride});
      }
      for (std::int64_t plane = 0; plane < kPlanes; ++plane) {
        const RowBlock filters{gradient.of(plane), kernels_.rows * value, value, gradient.row};
        for (std::int64_t c = 0; c < op_.c; c += width) {
          multiply_panel(kernels_, filters, part.filters,
                         {image.of(plane) + c * value, image.row, std::min(width, op_.c - c)}, tiles, block > 0,
                         sums.of(plane) + c * value, sums.row / value);
        }
      }
    }
  }

  void write_filter(std::int64_t k, std::byte* dw) const {
    const auto cut = std::ranges::find_if(
        parts_, [k](const Part& part) { return k >= part.first_filter && k < part.first_filter + part.filters; });
    const std::size_t first = cut - parts_.begin();
    const std::int64_t row = (k - cut->first_filter) * sums_[first].row;
    for (std::size_t i = first + cuts_; i < parts_.size(); i += cuts_) {
      for (std::int64_t plane = 0; plane < kPlanes; ++plane) {
        add_values(kernels_, sums_[i].of(plane) + row, op_.c, sums_[first].of(plane) + row);
      }
    }
    std::array<std::byte*, kTaps> taps;
    for (std::int64_t t = 0; t < kTaps; ++t) taps[t] = dw + (k * kTaps + t) * op_.c * kernels_.value_bytes;
    kernels_.transform_filter_gradient({op_.c, sums_[first].of(0) + row, sums_[first].stride, taps.data()});
  }

  Convolution op_;
  const Kernels& kernels_;
  ThreadTeam& team_;
  Tiles tiles_;
  std::int64_t block_ = 0, cuts_ = 1;  // tiles, at most; of the filters
  std::vector<Part> parts_;            // [range of tiles][cut]
  Buffer zeros_{static_cast<std::size_t>(std::max(op_.c, op_.k) * kernels_.value_bytes)};
  std::vector<Planes> images_, gradients_, sums_;  // of each part
};

}  // namespace

std::unique_ptr<Operation> prepare_weight_gradient(const Convolution& op, const Kernels& kernels, ThreadTeam& team) {
  return std::make_unique<WeightGradientByWinograd>(op, kernels, team);
}

}  // namespace whygpu::simd::winograd
