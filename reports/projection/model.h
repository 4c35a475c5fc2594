// What a catalogued card would take for an operation: a projection with a band, never a measurement.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "reports/projection/card.h"
#include "reports/projection/constants.h"
#include "reports/projection/problem.h"

namespace whygpu::projection {

struct Projection {
  double seconds = 0;
  double low = 0, high = 0;  // 90% band
  std::string limit;         // what takes most of the time: compute, memory, launch or transfer
  std::string algorithm;     // the one that the model assumes
};

struct NotProjected {
  std::string reason;
};

using Outcome = std::variant<Projection, NotProjected>;

Outcome project(const Problem& problem, const Card& card, const DataPath& path = {},
                const Constants& constants = Constants::standard());

// The kind of problem by which bands are kept.
std::string band_class(const Problem& problem, const Card& card);

// Whether the card is faster than `seconds`; nullopt when the band does not decide.
std::optional<bool> is_faster(const Projection& projection, double seconds);

// ---- For ci/fit-projection: the operation alone, without checks, transfers and band. ----

struct Estimate {
  double seconds = 0;
  double compute = 0, memory = 0, launch = 0;  // of which, at most
  std::string_view algorithm = "tiles";
};

// Peak of the card's units for products of a dtype, FLOP/s; 0 when it has none.
double product_peak(const Card& card, const std::string& dtype);

Estimate estimate(const Gemm& gemm, const Card& card, const Constants& constants);
Estimate estimate(const Convolution& convolution, const Card& card, const Constants& constants);
Estimate estimate(const Traffic& traffic, const Card& card, const Constants& constants);

}  // namespace whygpu::projection
