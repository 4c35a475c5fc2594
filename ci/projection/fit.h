// Fits the constants of the model that are marked as fitted.
#pragma once

#include <functional>
#include <vector>

#include "ci/projection/published.h"

namespace whygpu::projection {

// Nelder and Mead's method: the point with the smallest value that is found in `evaluations`.
std::vector<double> minimize(const std::function<double(const std::vector<double>&)>& value, std::vector<double> start,
                             double step, int evaluations);

// ln(published / projected) of every sample.
std::vector<double> residuals(const std::vector<Sample>& samples, const Constants& constants);

// First those of GEMM, then, with these kept, those of convolution. Every card and dtype weighs the same.
Constants fit(const std::vector<Sample>& samples, Constants start, int evaluations);

}  // namespace whygpu::projection
