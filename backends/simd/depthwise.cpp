// Depthwise convolution: one filter for each channel. No values are multiplied with more than one other, so there is no
// product of matrices in it; channels fill the vectors.
#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "backends/devices/ceil_div.h"
#include "backends/simd/kernels.h"
#include "backends/simd/simd.h"
#include "whygpu/host_device.h"

namespace whygpu::simd {
namespace {

class Depthwise final : public HostOperation {
 public:
  Depthwise(const Convolution& op, const Kernels& kernels, ThreadTeam& team)
      : HostOperation(op.arguments()), op_(op), kernels_(kernels), team_(team), filters_(op.r * op.s * pixel_) {
    const Addresses none(op.r * op.s);
    taps_.assign(team.count(), {none, none});
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    auto* x = host_data<std::byte>(tensors[0]);
    auto* w = host_data<std::byte>(tensors[1]);
    auto* y = host_data<std::byte>(tensors[2]);
    if (op_.pass == Pass::backward_weights) return sum_taps(x, w, y);
    turn_filters(w, filters_.data(), op_.c, op_.r * op_.s);
    const bool forward = op_.pass == Pass::forward;
    const std::int64_t rows = op_.n * (forward ? op_.p() : op_.h);
    std::atomic<std::int64_t> next{0};
    const auto work = [&](int thread) {
      auto& [sources, filters] = taps_[thread];
      for (std::int64_t row = next++; row < rows; row = next++) {
        forward ? sum_row(row, x, y, sources, filters) : sum_gradient_row(row, x, y, sources, filters);
      }
    };
    team_.run(std::ref(work));
  }

  std::string implementation() const override {
    return "depthwise, vectors of channels, " + std::string(kernels_.isa) +
           ", threads=" + std::to_string(std::min<std::int64_t>(team_.count(), parts()));
  }

 private:
  // Of the work, for the threads: rows, or blocks of channels.
  std::int64_t parts() const {
    if (op_.pass == Pass::backward_weights) return ceil_div(op_.c, channels_together());
    return op_.n * (op_.pass == Pass::forward ? op_.p() : op_.h);
  }
  std::int64_t channels_together() const { return 4 * std::int64_t{kernels_.lanes}; }

  using Addresses = std::vector<const std::byte*>;

  // [rows][columns] to [columns][rows].
  void turn_filters(const std::byte* in, std::byte* out, std::int64_t rows, std::int64_t columns) const {
    const std::int64_t value = kernels_.value_bytes;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j)
        std::copy_n(in + (i * columns + j) * value, value, out + (j * rows + i) * value);
    }
  }

  // One row of y, several pixels at a time where all their taps are inside.
  void sum_row(std::int64_t row, const std::byte* x, std::byte* y, Addresses& sources, Addresses& filters) const {
    const std::int64_t n = row / op_.p(), first_h = row % op_.p() * op_.stride_h - op_.pad_h, q_count = op_.q();
    for (std::int64_t q = 0; q < q_count;) {
      const std::int64_t first_w = q * op_.stride_w - op_.pad_w;
      const std::int64_t last_w = first_w + (kPixels - 1) * op_.stride_w + (op_.s - 1) * op_.dilation_w;
      const bool several = first_w >= 0 && last_w < op_.w && q + kPixels <= q_count;
      std::int64_t taps = 0;
      for (std::int64_t r = 0; r < op_.r; ++r) {
        const std::int64_t h = first_h + r * op_.dilation_h;
        if (h < 0 || h >= op_.h) continue;
        for (std::int64_t s = 0; s < op_.s; ++s) {
          const std::int64_t w = first_w + s * op_.dilation_w;
          if (w < 0 || w >= op_.w) continue;
          sources[taps] = x + ((n * op_.h + h) * op_.w + w) * pixel_;
          filters[taps++] = filters_.data() + (r * op_.s + s) * pixel_;
        }
      }
      write(several, taps, sources, filters, op_.stride_w * pixel_, y + (row * q_count + q) * pixel_);
      q += several ? kPixels : 1;
    }
  }

  // One row of dx: the taps that lead from it to a pixel of dy.
  void sum_gradient_row(std::int64_t row, std::byte* dx, const std::byte* dy, Addresses& sources,
                        Addresses& filters) const {
    const std::int64_t n = row / op_.h, h = row % op_.h, p_count = op_.p(), q_count = op_.q();
    for (std::int64_t w = 0; w < op_.w;) {
      const std::int64_t last_q = w + op_.pad_w, first_q = last_q - (op_.s - 1) * op_.dilation_w;
      const bool several = op_.stride_w == 1 && first_q >= 0 && last_q + kPixels <= q_count && w + kPixels <= op_.w;
      std::int64_t taps = 0;
      for (std::int64_t r = 0; r < op_.r; ++r) {
        const std::int64_t from_h = h + op_.pad_h - r * op_.dilation_h, p = from_h / op_.stride_h;
        if (from_h < 0 || from_h % op_.stride_h != 0 || p >= p_count) continue;
        for (std::int64_t s = 0; s < op_.s; ++s) {
          const std::int64_t from_w = w + op_.pad_w - s * op_.dilation_w, q = from_w / op_.stride_w;
          if (from_w < 0 || from_w % op_.stride_w != 0 || q >= q_count) continue;
          sources[taps] = dy + ((n * p_count + p) * q_count + q) * pixel_;
          filters[taps++] = filters_.data() + (r * op_.s + s) * pixel_;
        }
      }
      write(several, taps, sources, filters, pixel_, dx + (row * op_.w + w) * pixel_);
      w += several ? kPixels : 1;
    }
  }

  void write(bool several, std::int64_t taps, const Addresses& sources, const Addresses& filters, std::int64_t x_pixel,
             std::byte* y) const {
    (several ? kernels_.sum_pixels
             : kernels_.sum_pixel)({op_.c, taps, sources.data(), x_pixel, filters.data(), y, pixel_});
  }

  // dw, channels shared out to the threads.
  void sum_taps(const std::byte* x, std::byte* dw, const std::byte* dy) {
    const std::int64_t block = channels_together(), blocks = parts();
    std::fill(filters_.begin(), filters_.end(), std::byte{0});
    std::atomic<std::int64_t> next{0};
    const auto work = [&](int) {
      for (std::int64_t i = next++; i < blocks; i = next++) {
        for (std::int64_t row = 0; row < op_.n * op_.p(); ++row) {
          sum_taps_of_row(row, i * block, std::min(block, op_.c - i * block), x, dy);
        }
      }
    };
    team_.run(std::ref(work));
    turn_filters(filters_.data(), dw, op_.r * op_.s, op_.c);
  }

  // What a row of dy and some channels add to dw.
  void sum_taps_of_row(std::int64_t row, std::int64_t channel, std::int64_t channels, const std::byte* x,
                       const std::byte* dy) {
    const std::int64_t n = row / op_.p(), first_h = row % op_.p() * op_.stride_h - op_.pad_h;
    const std::int64_t offset = channel * kernels_.value_bytes;
    for (std::int64_t r = 0; r < op_.r; ++r) {
      const std::int64_t h = first_h + r * op_.dilation_h;
      if (h < 0 || h >= op_.h) continue;
      for (std::int64_t s = 0; s < op_.s; ++s) {
        // The q whose pixel of x is inside: 0 <= q · stride + shift < w.
        const std::int64_t shift = s * op_.dilation_w - op_.pad_w;
        const std::int64_t first = std::max<std::int64_t>(0, ceil_div(-shift, op_.stride_w));
        const std::int64_t last = shift >= op_.w ? 0 : std::min(op_.q(), (op_.w - 1 - shift) / op_.stride_w + 1);
        if (first >= last) continue;
        kernels_.sum_tap({.channels = channels,
                          .pixels = last - first,
                          .x = x + ((n * op_.h + h) * op_.w + first * op_.stride_w + shift) * pixel_ + offset,
                          .x_pixel = op_.stride_w * pixel_,
                          .y = dy + (row * op_.q() + first) * pixel_ + offset,
                          .y_pixel = pixel_,
                          .w = filters_.data() + (r * op_.s + s) * pixel_ + offset});
      }
    }
  }

  Convolution op_;
  const Kernels& kernels_;
  ThreadTeam& team_;
  std::int64_t pixel_ = op_.c * kernels_.value_bytes;  // bytes
  std::vector<std::byte> filters_;                     // of w or dw, [r][s][c]
  std::vector<std::pair<Addresses, Addresses>> taps_;  // of each thread: sources and filters of one pixel
};

}  // namespace

std::unique_ptr<Operation> prepare_depthwise(const Convolution& op, const Kernels& kernels, ThreadTeam& team) {
  return std::make_unique<Depthwise>(op, kernels, team);
}

}  // namespace whygpu::simd
