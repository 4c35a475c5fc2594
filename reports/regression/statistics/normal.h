// The parts of the normal and Student's t distributions used to judge changes.
#pragma once

namespace whygpu {

// x with P(Z <= x) = probability for standard normal Z; probability in (0, 1). Throws std::invalid_argument otherwise.
double normal_quantile(double probability);

// P(|T| >= |t|) for Student's T; the degrees of freedom may be fractional, as in Welch's test.
double student_two_sided_p(double t, double degrees_of_freedom);

// t with P(|T| <= t) = confidence.
double student_quantile(double confidence, double degrees_of_freedom);

}  // namespace whygpu
