// Time of a batch of matrix products in tiles: the part that GEMM and convolution share.
#pragma once

#include "reports/projection/card.h"
#include "reports/projection/constants.h"

namespace whygpu::projection {

// The constants that depend on nothing but the card, looked up once.
struct CardRates {
  CardRates(const Card& card, const Constants& constants);

  double age;  // of the libraries: 0 for those of 2017, 1 for later and -1 for earlier ones
  double multiprocessors, clock_hz, bandwidth;  // bandwidth: the attainable part of the nominal one
  double peak_fraction;                         // of nominal arithmetic, for a tile of unlimited size
  double tile_half, occupancy_half, l2_bytes_per_clock, kernel_seconds;
};

struct Product {
  double m = 1, n = 1, k = 1, batch = 1;
  double element_bytes = 4;
  double extra_k = 0;         // steps that a tile costs besides its k: prologue and epilogue
  double largest_split = 16;  // of k
  double smallest_tile = 16;  // rows and columns
};

struct ProductTime {
  double seconds = 0;
  double compute = 0, memory = 0;  // the two roofs at the tile that was chosen
};

// The fastest of the tiles and splits that libraries have. `flops` is the peak of the card's units, `efficiency`
// what the kernel reaches of a plain GEMM's; `memory_bytes` is the traffic to memory.
ProductTime product_time(const Product& product, const CardRates& card, double flops, double efficiency,
                         double memory_bytes);

}  // namespace whygpu::projection
