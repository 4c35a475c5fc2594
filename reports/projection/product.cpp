#include "reports/projection/product.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace whygpu::projection {
namespace {

struct Tile {
  double m, n;
};

constexpr std::array kTiles{Tile{256, 128}, Tile{128, 256}, Tile{128, 128}, Tile{128, 64}, Tile{64, 128},
                            Tile{64, 64},   Tile{128, 32},  Tile{32, 128},  Tile{64, 32},  Tile{32, 64},
                            Tile{32, 32},   Tile{64, 16},   Tile{16, 64}};
constexpr std::array kSplits{1., 2., 3., 4., 6., 8., 12., 16., 24., 32., 64., 128., 256., 512.};

// Results that a multiprocessor can hold in its registers.
constexpr double kResidentResults = 32768;

// A maximum whose corner is rounded: work at both roofs overlaps imperfectly.
double smooth_max(double a, double b, double c) {
  const double largest = std::max({a, b, c});
  if (!(largest > 0) || std::isinf(largest)) return largest;
  const auto fourth = [&](double x) { return (x / largest) * (x / largest) * (x / largest) * (x / largest); };
  return largest * std::sqrt(std::sqrt(fourth(a) + fourth(b) + fourth(c)));
}

}  // namespace

CardRates::CardRates(const Card& card, const Constants& constants)
    : age(static_cast<double>(card.libraries) - 1),
      multiprocessors(card.multiprocessors.value_or(1)),
      clock_hz(card.boost_clock_hz.value_or(std::numeric_limits<double>::infinity())) {
  const auto trend = [&](const char* name, const char* growth) {
    return constants[name] * std::pow(constants[growth], age);
  };
  bandwidth = card.bandwidth.value_or(0) * std::min(0.92, trend("bandwidth_fraction", "bandwidth_growth"));
  peak_fraction = constants["peak_fraction"] * (card.exceeds_rated_clock() ? constants["consumer_clock"] : 1);
  tile_half = constants["tile_half"];
  occupancy_half = trend("occupancy_half", "occupancy_growth");
  l2_bytes_per_clock = constants["l2_bytes_per_clock"];
  kernel_seconds = constants["kernel_seconds"];
}

ProductTime product_time(const Product& product, const CardRates& card, double flops, double efficiency,
                         double memory_bytes) {
  const double unit = flops / card.multiprocessors * card.peak_fraction * efficiency;
  const double memory = memory_bytes / card.bandwidth;
  ProductTime best{std::numeric_limits<double>::infinity()};
  for (const Tile& tile : kTiles) {
    if (std::min(tile.m, tile.n) < product.smallest_tile) continue;
    const double tiles = std::ceil(product.m / tile.m) * std::ceil(product.n / tile.n) * product.batch;
    const double size = tile.m * tile.n, sides = tile.m + tile.n;
    const double slowdown = 1 + card.tile_half * sides / size;
    for (const double split : kSplits) {
      if (split > 1 && (split > product.largest_split || split * 64 > product.k)) break;
      const double blocks = tiles * split;
      const double each = std::ceil(blocks / card.multiprocessors);  // of the busiest multiprocessor
      const double resident = std::min(each, std::max(1., kResidentResults / size)) * size;
      const double steps = std::ceil(product.k / split) + product.extra_k;
      const double compute = each * 2 * size * steps / unit * slowdown * (1 + card.occupancy_half / resident);
      const double l2 = blocks * sides * steps * product.element_bytes /
                        (card.multiprocessors * card.clock_hz * card.l2_bytes_per_clock);
      double seconds = smooth_max(compute, memory, l2);
      if (split > 1) {  // partial sums in f32, written and read
        seconds += card.kernel_seconds + split * product.m * product.n * product.batch * 8 / card.bandwidth;
      }
      if (seconds < best.seconds) best = {seconds, std::max(compute, l2), memory};
    }
  }
  return best;
}

}  // namespace whygpu::projection
