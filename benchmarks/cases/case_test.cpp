#include "benchmarks/cases/case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/cases/nearest.h"

namespace whygpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(std::string_view line) {
  std::vector<std::string> result;
  for (const auto& c : parse_cases(line)) result.push_back(c.text());
  return result;
}

std::string error_of(std::string_view line) {
  try {
    parse_cases(line);
  } catch (const CaseError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Case, CanonicalText) {
  EXPECT_EQ(parse_case("gemm dtype=bf16 k=4 n=3 m=2 batch=1 backend=naive").text(),
            "gemm m=2 n=3 k=4 dtype=bf16 backend=naive");
  EXPECT_EQ(parse_case("gemm m=2 n=3 k=4 trans=tn mode=cold").text(), "gemm m=2 n=3 k=4 trans=tn mode=cold");
}

TEST(Case, ReferenceToAWord) {
  EXPECT_THAT(error_of("gemm m=dtype n=1 k=1"), HasSubstr("m=dtype: not a whole number"));
}

TEST(Case, RangeUpToTheLargestNumber) {
  EXPECT_THAT(texts("gemm m=1099511627775..1099511627776*9223372036854775807 n=1 k=1"),
              ElementsAre("gemm m=1099511627775 n=1 k=1"));
  EXPECT_THAT(texts("gemm m=1..2+9223372036854775807 n=1 k=1"), ElementsAre("gemm m=1 n=1 k=1"));
}

TEST(Case, TooManyValuesOfOneKey) {
  std::string list = "1..99999+1";
  for (int i = 0; i < 3; ++i) list += ",1..99999+1";
  EXPECT_THAT(error_of("gemm m=" + list + " n=1 k=1"), HasSubstr("m: more than 100000 values"));
}

TEST(Case, TextRoundTrip) {
  for (const auto& text : texts("gemm m=1..64*2 n=m,7 k=n batch=2 dtype=f32,s8 variant=packed backend=onednn")) {
    EXPECT_EQ(parse_case(text).text(), text);
  }
}

TEST(Case, ProblemWithoutBackend) {
  EXPECT_EQ(parse_case("gemm m=2 n=3 k=4 mode=cold variant=packed backend=onednn").problem(),
            "gemm m=2 n=3 k=4 mode=cold");
}

TEST(Case, TimeMode) {
  EXPECT_THAT(texts("gemm m=1 n=1 k=1 offload=kernel,once,always"),
              ElementsAre("gemm m=1 n=1 k=1", "gemm m=1 n=1 k=1 offload=once", "gemm m=1 n=1 k=1 offload=always"));
  EXPECT_THAT(texts("gemm m=1 n=1 k=1 offload=once reuse=1,10"),
              ElementsAre("gemm m=1 n=1 k=1 offload=once reuse=1", "gemm m=1 n=1 k=1 offload=once"));
  EXPECT_THAT(error_of("gemm m=1 n=1 k=1 reuse=5"), HasSubstr("requires offload=once"));
  EXPECT_THAT(error_of("gemm m=1 n=1 k=1 offload=always mode=cold"), HasSubstr("requires mode=hot"));
}

TEST(Case, Expansion) {
  EXPECT_THAT(texts("gemm m=2..9*2 n=m k=1"), ElementsAre("gemm m=2 n=2 k=1", "gemm m=4 n=4 k=1", "gemm m=8 n=8 k=1"));
  EXPECT_THAT(texts("gemm m=64..192+64 n=1 k=1"),
              ElementsAre("gemm m=64 n=1 k=1", "gemm m=128 n=1 k=1", "gemm m=192 n=1 k=1"));
  EXPECT_THAT(texts("gemm m=1,3..4+1 n=k k=5"),
              ElementsAre("gemm m=1 n=5 k=5", "gemm m=3 n=5 k=5", "gemm m=4 n=5 k=5"));
}

TEST(Case, CommentsAndEmptyLines) {
  EXPECT_THAT(texts("  # gemm m=1"), ElementsAre());
  EXPECT_THAT(texts("gemm m=1 n=1 k=1 # the smallest"), ElementsAre("gemm m=1 n=1 k=1"));
}

TEST(Case, ProductsAreSquareUnlessSaid) {
  EXPECT_THAT(texts("gemm m=512"), ElementsAre("gemm m=512 n=512 k=512"));
  EXPECT_THAT(texts("gemm m=8,16 n=4"), ElementsAre("gemm m=8 n=4 k=8", "gemm m=16 n=4 k=16"));
}

TEST(Case, EveryMissingKeyAtOnce) { EXPECT_THAT(error_of("convolution r=3"), HasSubstr("needs n=… c=… h=… ")); }

TEST(Case, InvalidInputMessages) {
  EXPECT_THAT(error_of("gem m=1"), HasSubstr("no workload \"gem\"; did you mean \"gemm\"?"));
  EXPECT_THAT(error_of("gemm"), HasSubstr("gemm needs m=…"));
  EXPECT_THAT(error_of("convolution n=1 h=8 w=8 k=4"), HasSubstr("convolution needs c=…"));
  EXPECT_THAT(error_of("gemm m=1 n=1 k=1 q=1"), HasSubstr("gemm has no key \"q\"; accepted: m, n, k, batch"));
  EXPECT_THAT(error_of("gemm m=1 n=1 k=1 dtype=fp32"), HasSubstr("did you mean \"f32\"?"));
  EXPECT_THAT(error_of("gemm m=0 n=1 k=1"), HasSubstr("m=0: accepted: whole numbers from 1"));
  EXPECT_THAT(error_of("gemm m=-3 n=1 k=1"), HasSubstr("m=-3: accepted"));
  EXPECT_THAT(error_of("gemm m=1.5 n=1 k=1"), HasSubstr("m=1.5: not a whole number"));
  EXPECT_THAT(error_of("gemm m=99999999999999999999 n=1 k=1"), HasSubstr("not a whole number"));
  EXPECT_THAT(error_of("gemm m=1..8 n=1 k=1"), HasSubstr("a range needs a factor or step: 1..8*2 or 1..8+64"));
  EXPECT_THAT(error_of("gemm m=8..1*2 n=1 k=1"), HasSubstr("a range ascends"));
  EXPECT_THAT(error_of("gemm m=1..8*1 n=1 k=1"), HasSubstr("by a factor of at least 2"));
  EXPECT_THAT(error_of("gemm m=n n=m k=1"), HasSubstr("refer to each other"));
  EXPECT_THAT(error_of("gemm m=1 m=2 n=1 k=1"), HasSubstr("m is given twice"));
  EXPECT_THAT(error_of("gemm m=1 n=1 k"), HasSubstr("\"k\": expected key=value"));
  EXPECT_THAT(error_of("gemm m= n=1 k=1"), HasSubstr("m=: no value"));
  EXPECT_THAT(error_of("gemm m=1000000000000 n=m k=m"), HasSubstr("too large for any machine"));
}

TEST(Nearest, CloseNamesOnly) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(suggest("onednm", {"naive", "onednn"}), "did you mean \"onednn\"? accepted: naive, onednn");
  EXPECT_EQ(suggest("xyz", {"naive", "onednn"}), "accepted: naive, onednn");
}

TEST(Case, TooManyCases) {
  try {
    parse_cases("gemm m=1..1000+1 n=1..1000+1 k=1..1000+1");
    FAIL();
  } catch (const CaseError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("multiply to 1000000000 cases; accepted: at most 100000"));
  }
}

}  // namespace
}  // namespace whygpu
