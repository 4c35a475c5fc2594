#include "backends/simd/tuning_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "backends/simd/streaming.h"

namespace whygpu::simd {
namespace {

class Tuning : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }
  void TearDown() override {
    use_tuning_file({{}, {}});
    std::filesystem::remove_all(folder_);
  }
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "whygpu_tuning";
  std::string path_ = folder_ / "made" / "simd-tuning";
};

TEST_F(Tuning, KeepsOneLineForEachChoiceOfAMachine) {
  const TuningFile one(path_, "one"), two(path_, "two");
  EXPECT_EQ(one.find("rows"), std::nullopt);
  one.keep("rows", "8");
  two.keep("rows", "16");
  one.keep("columns", "4");
  one.keep("rows", "32 fetched");
  EXPECT_EQ(one.find("rows"), "32 fetched");
  EXPECT_EQ(two.find("rows"), "16");
  EXPECT_EQ(text(), "two\trows\t16\none\tcolumns\t4\none\trows\t32 fetched\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "made"), {}), 1);
}

TEST_F(Tuning, NoPlaceForTheFile) {
  TuningFile({}, "one").keep("rows", "8");
  TuningFile("/proc/no/such/folder/simd-tuning", "one").keep("rows", "8");
  EXPECT_EQ(TuningFile("/proc/no/such/folder/simd-tuning", "one").find("rows"), std::nullopt);
}

TEST_F(Tuning, StreamingIsMeasuredOnce) {
  const Kernels* kernels = find_kernels(DType::f32);
  if (kernels == nullptr) GTEST_SKIP() << "no kernels for this processor";
  use_tuning_file({path_, "this one"});
  const Streaming measured = fastest_streaming(*kernels, 1);
  EXPECT_TRUE(measured.measured);
  const std::string line = text();
  ASSERT_NE(line.find("1 rows of A\t" + std::to_string(measured.steps)), std::string::npos) << line;

  // Somebody's line for two rows is believed, and one that nobody could have written is not.
  std::string other = line.substr(0, line.rfind('\t') + 1);
  other.replace(other.find("1 rows of A"), 1, "2");
  std::ofstream(path_) << other << "128\n";
  EXPECT_EQ(fastest_streaming(*kernels, 2).steps, 128);
  other.replace(other.find("2 rows of A"), 1, "3");
  std::ofstream(path_) << other << "-1\n";
  EXPECT_GT(fastest_streaming(*kernels, 3).steps, 0);
  EXPECT_EQ(text().find("-1"), std::string::npos);
}

}  // namespace
}  // namespace whygpu::simd
