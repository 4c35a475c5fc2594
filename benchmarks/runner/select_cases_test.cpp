#include "benchmarks/runner/select_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const std::vector<Case>& cases) {
  std::vector<std::string> result;
  for (const auto& c : cases) result.push_back(c.text());
  return result;
}

TEST(SelectCases, WordsAreSweepsOrCases) {
  EXPECT_THAT(texts(cases_from_words({"gemm", "m=2", "n=3", "k=4", "gemm m=5 n=6 k=7"})),
              ElementsAre("gemm m=2 n=3 k=4", "gemm m=5 n=6 k=7"));
  EXPECT_GT(cases_from_words({"quick", "gemm", "m=2", "n=3", "k=4"}).size(), cases_from_words({"quick"}).size());
  EXPECT_THROW(cases_from_words({"quickly"}), CaseError);
}

TEST(SelectCases, RefusesWorkloadWithoutValues) {
  try {
    cases_from_words({"gemm"});
    FAIL() << "nothing was refused";
  } catch (const CaseError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("needs values: `whygpu run gemm m="));
  }
}

TEST(SelectCases, ModelsKeepTheirCases) {
  const auto cases = cases_from_words({"gemm m=1 n=1 k=1", "training_step model=mlp,cnn batch=2"});
  EXPECT_THAT(texts(with_models(cases, {"cnn"})), ElementsAre("training_step model=cnn batch=2"));
  EXPECT_EQ(with_models(cases, {}).size(), 3U);
  EXPECT_THROW(with_models(cases, {"resnet"}), CaseError);
}

TEST(SelectCases, CrossKeepsNamedBackends) {
  const auto cases = cases_from_words({"gemm m=1 n=1 k=1", "gemm m=2 n=1 k=1 backend=b", "gemm m=3 n=1 k=1 backend=c"});
  EXPECT_THAT(texts(cross(cases, {"a", "b"})),
              ElementsAre("gemm m=1 n=1 k=1 backend=a", "gemm m=1 n=1 k=1 backend=b", "gemm m=2 n=1 k=1 backend=b"));
}

TEST(SelectCases, QuickSubsetFitsTheTime) {
  const auto all = cases_from_words({"deepbench"});
  EXPECT_LE(static_cast<double>(quick_subset(all, 3, 60).size()) * 3 * 6 * 0.12, 61);
  EXPECT_GE(quick_subset(all, 100, 60).size(), 6U);
}

TEST(SelectCases, CommentOnly) {
  EXPECT_THROW(cases_from_words({"#gemm m=1"}), CaseError);
  EXPECT_THROW(cases_from_words({"# nothing = here"}), CaseError);
}

TEST(SelectCases, LongLine) {
  std::string sizes = "1";
  for (int i = 2; i < 200; ++i) sizes += "," + std::to_string(i);
  EXPECT_EQ(cases_from_words({"gemm m=" + sizes + " n=m k=m"}).size(), 199U);
}

// Two networks share a product: alone it fits the cache of both devices, beside the large one that of the second only.
TEST(SelectCases, ModesThatNetworksNeed) {
  const auto network = [](double bytes) {
    NetworkRecord record{"net", 1, false, {}};
    record.nodes.push_back({"a", "MatMul", "", {{"forward", "gemm m=8 n=8 k=8", 3, 1024, 768}}});
    record.nodes.push_back({"b", "MatMul", "", {{"forward", "gemm m=9 n=9 k=9", 1, 1458, bytes}}});
    record.nodes.push_back({"c", "Relu", "", {{"forward", "", 1, 64, 1e9}}});
    return record;
  };
  const auto texts = [&](const std::vector<NetworkRecord>& networks) {
    auto cases =
        cross(cases_from_words({"gemm m=8 n=8 k=8 mode=hot,cold", "gemm m=9 n=9 k=9 mode=hot,cold"}), {"cpu", "gpu"});
    keep_needed_modes(cases, networks, [](const std::string& backend) { return backend == "cpu" ? 1000 : 5000; });
    std::vector<std::string> result;
    for (const auto& c : cases) result.push_back(c.text());
    return result;
  };
  EXPECT_THAT(texts({network(232)}),
              testing::UnorderedElementsAre("gemm m=8 n=8 k=8 backend=cpu", "gemm m=8 n=8 k=8 backend=gpu",
                                            "gemm m=9 n=9 k=9 backend=cpu", "gemm m=9 n=9 k=9 backend=gpu"));
  EXPECT_THAT(texts({network(233)}),
              testing::UnorderedElementsAre("gemm m=8 n=8 k=8 mode=cold backend=cpu", "gemm m=8 n=8 k=8 backend=gpu",
                                            "gemm m=9 n=9 k=9 mode=cold backend=cpu", "gemm m=9 n=9 k=9 backend=gpu"));
  EXPECT_THAT(texts({network(232), network(4300)}), testing::SizeIs(8));
}

}  // namespace
}  // namespace whygpu
