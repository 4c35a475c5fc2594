// Errors of the model on cards that it was not fitted on, and the bands that follow.
#pragma once

#include "ci/projection/published.h"

namespace whygpu::projection {

// Prints the tables of errors; returns the constants fitted on all cards, with bands.
Constants validate_and_fit(const Published& published, Constants start, int evaluations);

}  // namespace whygpu::projection
