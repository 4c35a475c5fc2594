#include "reports/results/result_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <limits>

#include "reports/results/synthetic_file.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string complaint_about(const std::string& text) {
  try {
    parse_result_file(text, "box.json");
  } catch (const ResultFileError& error) {
    return error.what();
  }
  return "accepted";
}

SyntheticFile small_file() {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda");
  file.ok(square_gemm(256), "naive", {10, 20, 30}, 3000);
  file.not_ok(square_gemm(256), "cuda", "unsupported", "no device");
  return file;
}

TEST(ResultFile, ReadsSample) {
  const auto file = small_file().file("some/where/box.json");
  EXPECT_EQ(file.name, "box");
  EXPECT_TRUE(file.complete);
  EXPECT_EQ(file.environment.cpu_model, "Synthetic CPU");
  EXPECT_EQ(file.environment.virtualization, "");
  EXPECT_EQ(file.run.rounds, 7);
  ASSERT_EQ(file.cases.size(), 2U);
  EXPECT_EQ(file.cases[0].value("dtype"), "f32");
  EXPECT_EQ(file.cases[0].value("absent"), "");
  EXPECT_EQ(file.cases[0].rounds.size(), 3U);
  EXPECT_EQ(file.cases[1].status, Status::unsupported);
  EXPECT_EQ(file.cases[1].reason, "no device");
  ASSERT_NE(file.backend("cuda"), nullptr);
  EXPECT_EQ(file.backend("cuda")->device->kind, RecordedDevice::cuda);
  EXPECT_EQ(file.backend("cudnn"), nullptr);
}

TEST(ResultFile, LargestBatch) {
  auto file = small_file().file("box.json");
  file.cases[0].rounds[0].batch = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(document_of(file)["benchmarks"][0]["iterations"], 9'000'000'000'000'000'000);
}

TEST(ResultFile, DerivesProblem) {
  auto file = small_file();
  auto& record = file.ok("gemm m=8 n=8 k=8", "onednn:jit", {1}, 1);
  record.erase("problem");
  EXPECT_EQ(file.file().cases.back().problem, "gemm m=8 n=8 k=8");
  EXPECT_EQ(file.file().cases.back().variant(), "jit");
}

TEST(ResultFile, DetailsAndCeilings) {
  auto file = small_file();
  file.whygpu()["cases"][0]["rounds"][0]["details"] = {{"average_watts", 25.5}};
  file.whygpu()["ceilings"] = {{{"device", "Synthetic CPU"},
                                {"kind", "flops"},
                                {"dtype", "f32"},
                                {"value", 500.0},
                                {"unit", "GFLOP/s"},
                                {"how", "FMA chains on all cores"}}};
  const auto read = file.file();
  EXPECT_EQ(read.cases[0].rounds[0].details.at("average_watts"), 25.5);
  ASSERT_EQ(read.ceilings.size(), 1U);
  EXPECT_EQ(read.ceilings[0].dtype, "f32");
}

TEST(ResultFile, RefusalMessages) {
  auto newer = small_file();
  newer.whygpu()["schema"] = 2;
  const auto whole = small_file().text();
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"", "empty"},
           {" \n", "empty"},
           {whole.substr(0, whole.size() / 2), "truncated"},
           {"PNG\x89 not json", "not JSON"},
           {R"({"whygpu": {"schema": 1e999}})", "too large for double precision"},
           {"[1, 2]", "must be an object, found array"},
           {R"({"context": {}, "benchmarks": []})", "not a whygpu result file"},
           {newer.text(), "newer whygpu is needed"}}) {
    const auto complaint = complaint_about(text);
    EXPECT_THAT(complaint, AllOf(StartsWith("box.json: "), HasSubstr(expected), Not(HasSubstr("\n"))));
  }
}

TEST(ResultFile, BadFieldLocation) {
  const auto broken = [](auto&& edit) {
    auto file = small_file();
    edit(file.whygpu());
    return complaint_about(file.text());
  };
  EXPECT_THAT(broken([](auto& w) { w["cases"][0]["rounds"][1]["samples_ns"][0] = 0; }),
              HasSubstr("whygpu.cases[0].rounds[1].samples_ns[0]: must be above 0"));
  EXPECT_THAT(broken([](auto& w) { w["cases"][0]["rounds"][1]["samples_ns"] = nlohmann::json::array(); }),
              HasSubstr("at least one sample"));
  EXPECT_THAT(broken([](auto& w) { w["cases"][0]["rounds"].clear(); }), HasSubstr("at least one round"));
  EXPECT_THAT(broken([](auto& w) { w["cases"][1]["status"] = "fine"; }), HasSubstr("one of ok, incorrect"));
  EXPECT_THAT(broken([](auto& w) { w["cases"][1]["flops"] = "many"; }),
              HasSubstr("whygpu.cases[1].flops: must be a number, found string"));
  EXPECT_THAT(broken([](auto& w) { w["cases"][1]["flops"] = -1; }), HasSubstr("at least"));
  EXPECT_THAT(broken([](auto& w) { w.erase("environment"); }), HasSubstr("\"environment\" is missing"));
}

TEST(ResultFile, RefusesTruncation) {
  const auto whole = small_file().text();
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    EXPECT_NE(complaint_about(whole.substr(0, size)), "accepted") << size;
  }
}

TEST(ResultFile, LoadErrors) {
  const auto folder = std::filesystem::temp_directory_path() / "whygpu_result_file_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "box.json") << small_file().text();
  EXPECT_EQ(load_result_file(folder / "box.json").cases.size(), 2U);
  EXPECT_THROW(load_result_file(folder / "none.json"), ResultFileError);
  EXPECT_THROW(load_result_file(folder), ResultFileError);
  std::filesystem::remove_all(folder);
}

TEST(ResultFile, IgnoresUnknownKeys) {
  auto file = small_file();
  file.whygpu()["cases"][0]["later"] = {1, 2, 3};
  EXPECT_EQ(complaint_about(file.text()), "accepted");
}

}  // namespace
}  // namespace whygpu
