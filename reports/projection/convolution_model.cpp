// Convolution by the fastest of the algorithms that libraries choose from: implicit GEMM, Winograd in one kernel
// (F(2×2, 3×3)) and in several (F(4×4, r×r)), direct.
#include <algorithm>
#include <cmath>

#include "reports/projection/model.h"
#include "reports/projection/product.h"

namespace whygpu::projection {
namespace {

class Model {
 public:
  Model(const Convolution& conv, const Card& card, const Constants& constants)
      : conv_(conv), card_(card), constants_(constants), rates_(card, constants), bytes_(footprint_of(conv).total()) {
    element_ = element_bytes(conv.dtype);
    outputs_ = conv.n * conv.p() * conv.q();
    c_ = conv.c / conv.groups;
    k_ = conv.k / conv.groups;
    taps_ = conv.r * conv.s;
    stride_ = conv.stride_h * conv.stride_w;
    // Backward data of a strided convolution falls apart into one product for each phase of the stride; taps are
    // padded to whole strides.
    const auto padded = [](double taps, double stride) { return std::ceil(taps / stride) * stride / taps; };
    zeros_ = conv.pass == Pass::backward_data
                 ? std::pow(padded(conv.r, conv.stride_h) * padded(conv.s, conv.stride_w), constants["stride_exponent"])
                 : 1;
  }

  Estimate fastest() const {
    Estimate best = implicit_gemm();
    const auto offer = [&](const Estimate& other) {
      if (other.seconds < best.seconds) best = other;
    };
    const bool unit = conv_.stride_h * conv_.stride_w * conv_.dilation_h * conv_.dilation_w == 1;
    if (conv_.dtype == "f32" && unit && conv_.groups == 1 && conv_.r == conv_.s) {
      if (conv_.r == 3 && conv_.pass != Pass::backward_weights) offer(winograd_in_one_kernel());
      // Neither AMD's libraries of that time nor, for 5×5, NVIDIA's of 2016 have it.
      const bool five = conv_.r == 5 && card_.libraries != Libraries::of_2016;
      if ((conv_.r == 3 || five) && card_.generation != "gcn") offer(winograd_in_steps());
    }
    if (conv_.groups > 1 || (conv_.pass != Pass::backward_weights && element_ == 4)) offer(direct());
    return best;
  }

 private:
  double launch() const {
    return constants_["convolution_launch_seconds"] * std::pow(constants_["convolution_launch_growth"], rates_.age);
  }

  Estimate finish(const ProductTime& time, double extra, std::string_view algorithm) const {
    return {launch() + extra + time.seconds, time.compute, time.memory, launch(), algorithm};
  }

  // (rows, columns, reduction) of the pass as a matrix product.
  Product as_product(double positions, double c, double k, double c_taps, double k_taps, double batch) const {
    Product product;
    product.batch = batch;
    product.element_bytes = element_;
    product.extra_k = constants_["tile_overhead_steps"];
    product.largest_split = conv_.pass == Pass::backward_weights ? 512 : 4;
    switch (conv_.pass) {
      case Pass::forward: product.m = positions, product.n = k, product.k = c_taps; break;
      case Pass::backward_data: product.m = positions, product.n = c, product.k = k_taps; break;
      case Pass::backward_weights: product.m = k, product.n = c_taps, product.k = positions; break;
    }
    return product;
  }

  Estimate implicit_gemm() const {
    double peak = product_peak(card_, conv_.dtype), c = c_, k = k_, smallest_tile = 16;
    if (element_ <= 2 && has_matrix_units(card_.generation)) {
      // Matrix units take channels by eight; libraries pad, and run on the other units.
      const double padded_c = std::ceil(c / 8) * 8, padded_k = std::ceil(k / 8) * 8;
      if (padded_c != c || padded_k != k) peak = product_peak(card_, "f32");
      c = padded_c, k = padded_k, smallest_tile = 64;
    }
    const bool data = conv_.pass == Pass::backward_data;
    // NVIDIA's libraries before 2019 had one tile for backward data with strides, 128 channels wide.
    const bool wide_tiles = card_.libraries != Libraries::since_2019 && card_.generation != "gcn";
    if (data && stride_ > 1 && wide_tiles) c = std::ceil(c / 128) * 128;
    const double positions = data ? conv_.n * conv_.h * conv_.w : outputs_;
    Product product = as_product(positions, c, k, c * taps_, k * taps_ / stride_ * zeros_, conv_.groups);
    product.smallest_tile = smallest_tile;
    const double efficiency =
        conv_.pass == Pass::backward_weights ? constants_["weights_efficiency"] : constants_["convolution_efficiency"];
    return finish(product_time(product, rates_, peak, efficiency, bytes_), 0, "implicit GEMM");
  }

  Estimate winograd_in_one_kernel() const {
    const double positions = conv_.n * std::ceil(conv_.p() / 2) * std::ceil(conv_.q() / 2);
    const Product product = as_product(positions, c_, k_, c_, k_, 16);
    return finish(product_time(product, rates_, product_peak(card_, "f32"), constants_["winograd_efficiency"], bytes_),
                  0, "Winograd");
  }

  Estimate winograd_in_steps() const {
    const double points = (4 + conv_.r - 1) * (4 + conv_.r - 1);
    const double positions = conv_.n * std::ceil(conv_.p() / 4) * std::ceil(conv_.q() / 4);
    const Product product = as_product(positions, c_, k_, c_, k_, points);
    // Transformed image, result and filter are written once and read once.
    const double transformed = 4 * points * (positions * (c_ + k_) + c_ * k_);
    const auto time =
        product_time(product, rates_, product_peak(card_, "f32"), constants_["winograd_steps_efficiency"], transformed);
    return finish(time, (bytes_ + transformed) / rates_.bandwidth + 2 * launch(), "Winograd in steps");
  }

  Estimate direct() const {
    const double flops = 2 * outputs_ * conv_.k * c_ * taps_ * zeros_;
    const double compute = flops / (product_peak(card_, "f32") * constants_["direct_efficiency"]);
    const double memory = bytes_ / rates_.bandwidth;
    return finish({compute + memory, compute, memory}, 0, "direct");
  }

  const Convolution& conv_;
  const Card& card_;
  const Constants& constants_;
  CardRates rates_;
  double bytes_, element_, outputs_, c_, k_, taps_, zeros_, stride_;
};

}  // namespace

Estimate estimate(const Convolution& convolution, const Card& card, const Constants& constants) {
  return Model(convolution, card, constants).fastest();
}

}  // namespace whygpu::projection
