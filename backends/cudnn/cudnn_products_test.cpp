#include "backends/cudnn/products.h"

#include <gmock/gmock.h>

namespace whygpu {
namespace {

TEST(CudnnProducts, InNetworksOnly) {
  EXPECT_TRUE(multiplies_for(Layout::row_major));
  const Support alone = multiplies_for(Layout::preferred);
  EXPECT_FALSE(alone);
  EXPECT_THAT(alone.reason, ::testing::HasSubstr("backend=cublas"));
}

}  // namespace
}  // namespace whygpu
