#include "reports/regression/statistics/benjamini_hochberg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(BenjaminiHochberg, ScaledAndMonotone) {
  const std::vector<double> p = {0.04, 0.01, 0.03, 0.5};
  EXPECT_THAT(false_discovery_rates(p), ElementsAre(DoubleNear(0.16 / 3, 1e-12), DoubleNear(0.04, 1e-12),
                                                    DoubleNear(0.16 / 3, 1e-12), DoubleNear(0.5, 1e-12)));
}

TEST(BenjaminiHochberg, SingleTest) {
  EXPECT_THAT(false_discovery_rates(std::vector{0.2}), ElementsAre(0.2));
  EXPECT_THAT(false_discovery_rates({}), IsEmpty());
}

}  // namespace
}  // namespace whygpu
