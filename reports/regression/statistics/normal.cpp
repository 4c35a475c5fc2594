#include "reports/regression/statistics/normal.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <stdexcept>

namespace whygpu {
namespace {

boost::math::students_t student(double degrees_of_freedom) {
  if (!(degrees_of_freedom > 0)) throw std::invalid_argument("Student's t needs positive degrees of freedom");
  return boost::math::students_t(degrees_of_freedom);
}

}  // namespace

double normal_quantile(double probability) {
  if (!(probability > 0 && probability < 1)) throw std::invalid_argument("quantile outside (0, 1)");
  return quantile(boost::math::normal(), probability);
}

double student_two_sided_p(double t, double degrees_of_freedom) {
  return 2 * cdf(complement(student(degrees_of_freedom), std::fabs(t)));
}

double student_quantile(double confidence, double degrees_of_freedom) {
  if (!(confidence > 0 && confidence < 1)) throw std::invalid_argument("confidence outside (0, 1)");
  return quantile(complement(student(degrees_of_freedom), (1 - confidence) / 2));
}

}  // namespace whygpu
