#include "reports/views/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "reports/render/text.h"
#include "reports/views/synthetic_tables.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Table, RateSpreadSpeedUp) {
  const auto text = table({three_backends().file("box.json")});
  EXPECT_THAT(text, HasSubstr("  512     2.00 ±1.0% 0.100×     20.0 ±2.0%"));
  EXPECT_THAT(text, HasSubstr("*~44 r11% 2.22×"));
  EXPECT_THAT(text, Not(HasSubstr("×?")));
  EXPECT_THAT(text, HasSubstr("× is the speed-up over openblas"));
  EXPECT_THAT(text, AllOf(HasSubstr("[1] incorrect: C[0,1] is 3, 2 expected"), HasSubstr("[2] failed: out of memory")));
  EXPECT_THAT(text, HasSubstr("~ rough: the spread is above 10%"));
  EXPECT_THAT(text, HasSubstr("cuda: cuda 1.0 on Synthetic GPU; ran cuda kernel"));
}

TEST(Table, UnsupportedCasesRanNothing) {
  SyntheticFile file;
  file.backend("openblas");
  file.ok(square_gemm(256), "openblas", {100}, gemm_flops(256))["implementation"] = "sgemm";
  file.not_ok(square_gemm(256, "s8"), "openblas", "unsupported", "no s8")["implementation"] = "never run";
  EXPECT_THAT(table({file.file()}), AllOf(HasSubstr("ran sgemm"), Not(HasSubstr("never run"))));
}

TEST(Table, SingleRoundRatios) {
  SyntheticFile file;
  file.backend("naive").backend("openblas");
  file.ok(square_gemm(256), "naive", {1000}, gemm_flops(256));
  file.ok(square_gemm(256), "openblas", seven_rounds(100), gemm_flops(256));
  EXPECT_THAT(table({file.file()}), AllOf(HasSubstr("0.100×?"), HasSubstr("×? from a single round")));
}

// Fast and slow do not meet; the third is as good as the fast one within the spreads.
TEST(Table, FastestOfARow) {
  SyntheticFile file;
  file.ok(square_gemm(256), "naive", seven_rounds(100), 2000);
  file.ok(square_gemm(256), "openblas", seven_rounds(10, 0.03), 2000);
  file.ok(square_gemm(256), "onednn", seven_rounds(10.4, 0.03), 2000);
  const auto text = table({file.file()});
  EXPECT_THAT(text, AllOf(HasSubstr(" 20.0 "), HasSubstr("*200 "), HasSubstr("*192 "), Not(HasSubstr("*20.0"))));
  EXPECT_THAT(text, HasSubstr("gemm: onednn is fastest in 1 of 1 problem, openblas in 1"));
}

TEST(Table, FastestWithinEachFile) {
  SyntheticFile fast("fast"), slow("slow");
  for (auto* file : {&fast, &slow}) {
    for (const double times : {1, 2})
      file->ok(square_gemm(512), times == 1 ? "openblas" : "onednn", seven_rounds(file == &fast ? times : 10 * times),
               2000);
  }
  EXPECT_THAT(table({fast.file("a.json"), slow.file("b.json")}, "markdown"),
              AllOf(HasSubstr("*2000"), HasSubstr("*200 "), Not(HasSubstr("*1000"))));
}

TEST(Table, NoRatioOfNoise) {
  SyntheticFile file;
  file.ok(square_gemm(256), "openblas", seven_rounds(10, 0.6), 2000);
  file.ok(square_gemm(256), "onednn", seven_rounds(10), 2000);
  const auto text = table({file.file()});
  EXPECT_THAT(text, AllOf(HasSubstr("- [1]"), HasSubstr("[1] no ratio"), Not(HasSubstr("1.00×"))));
  EXPECT_THAT(table({file.file()}, "csv"), HasSubstr("interval95,,,"));
}

TEST(Table, LeftOutAndNotRunAreNoFailures) {
  SyntheticFile file;
  file.not_ok(square_gemm(4096), "naive", "unsupported", "skipped: above its limit");
  file.not_ok(square_gemm(4096), "openblas", "failed", "not reached: the run was interrupted");
  file.not_ok(square_gemm(4096), "onednn", "unsupported", "no such dtype");
  EXPECT_THAT(table({file.file()}),
              AllOf(HasSubstr("[1] skipped: above its limit"), HasSubstr("[2] not run: the run was interrupted"),
                    HasSubstr("n/a [3]"), HasSubstr("[3] unsupported: no such dtype")));
}

// Three backends with ceilings stay side by side in 80 columns: what is left out first are ceilings, then spreads.
TEST(Table, DetailsGiveWay) {
  SyntheticFile file;
  for (const char* backend : {"naive", "openblas", "onednn"})
    file.ok("gemm m=512 n=256 k=128 dtype=f32 trans=nn", backend, seven_rounds(10), 2000);
  file.ok("gemm m=64 n=32 k=16 dtype=bf16 trans=nt", "naive", seven_rounds(10), 2000);
  const auto lines_with = [&](int width, const char* text) {
    TableOptions options;
    options.width = width;
    std::istringstream lines(render_table({file.file()}, options));
    int count = 0;
    for (std::string line; std::getline(lines, line);) count += line.find(text) != std::string::npos ? 1 : 0;
    return count;
  };
  EXPECT_EQ(lines_with(100, "trans"), 1);
  EXPECT_EQ(lines_with(100, "±1.0%"), 2);
  EXPECT_EQ(lines_with(80, "trans"), 1);
  EXPECT_EQ(lines_with(80, "±1.0%"), 0);
  EXPECT_EQ(lines_with(40, "trans"), 3);
}

TEST(Table, FileOrder) {
  const auto text = table({three_backends().file()});
  EXPECT_LT(text.find("\n  512"), text.find("\n  256"));
}

TEST(Table, SingleRoundSpread) {
  SyntheticFile file;
  file.ok(square_gemm(64), "naive", {100}, 200);
  EXPECT_THAT(table({file.file()}), AllOf(HasSubstr("2.00\n"), Not(HasSubstr("±")), Not(HasSubstr("×"))));
}

TEST(Table, SharedReason) {
  SyntheticFile file;
  for (int size : {1, 2, 3}) file.not_ok(square_gemm(size), "cuda", "unsupported", "no device");
  const auto text = table({file.file()});
  EXPECT_THAT(text, HasSubstr("[1] unsupported: no device (3 cases)"));
  EXPECT_THAT(text, Not(HasSubstr("[2]")));
}

TEST(Table, FoldsToWidth) {
  SyntheticFile file;
  for (const char* backend : {"naive", "openblas", "onednn", "cuda", "cublas", "cudnn"}) {
    file.ok(square_gemm(512), backend, seven_rounds(10), 200);
    file.not_ok(square_gemm(1024, "bf16"), backend, "unsupported",
                "a long reason with many words, which must be wrapped");
  }
  std::istringstream lines(table({file.file("a_file_with_quite_a_long_name.json"), file.file("second.json")}));
  int seen = 0;
  for (std::string line; std::getline(lines, line); ++seen) EXPECT_LE(display_width(line), 80U) << line;
  EXPECT_GT(seen, 10);
}

TEST(Table, FoldedLabels) {
  SyntheticFile file;
  for (int b = 0; b < 8; ++b) file.ok(square_gemm(512), "backend" + std::to_string(b), seven_rounds(10), 200);
  const auto text = table({file.file()});
  const auto first = text.find("m=n=k"), second = text.find("m=n=k", first + 1);
  EXPECT_NE(second, std::string::npos);
  EXPECT_THAT(text, HasSubstr("backend7"));
}

TEST(Table, SeveralFiles) {
  SyntheticFile fast("fast"), slow("slow");
  for (auto* file : {&fast, &slow}) {
    const double scale = file == &fast ? 1 : 10;
    file->ok(square_gemm(512), "naive", seven_rounds(100 * scale), 200);
    file->ok(square_gemm(512), "openblas", seven_rounds(10 * scale), 200);
  }
  const auto text = table({fast.file("box.json"), slow.file("other/box.json")}, "csv");
  EXPECT_THAT(text, AllOf(HasSubstr("\nbox@fast,gemm"), HasSubstr("\nbox@slow,gemm")));
  EXPECT_THAT(text, HasSubstr(",2,1.9801980198019802,2.0202020202020203,interval95,0.1,openblas,"));
  EXPECT_THAT(text, HasSubstr("interval95,0.1,openblas,,,naive kernel"));
}

TEST(Table, NamedBaseline) {
  const auto file = three_backends().file("box.json");
  EXPECT_THAT(table({file}, "terminal", "speed", "openblas"), HasSubstr("0.100×"));
  try {
    table({file}, "terminal", "speed", "mkl");
    FAIL() << "an unknown baseline was accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "unknown baseline mkl in box; available: cuda, naive, openblas");
  }
}

TEST(Table, VariantColumns) {
  SyntheticFile file;
  file.ok(square_gemm(8), "cuda:tiled", {10}, 20);
  file.ok(square_gemm(8), "cuda:tensor", {5}, 20);
  EXPECT_THAT(table({file.file()}), AllOf(HasSubstr("cuda:tiled"), HasSubstr("cuda:tensor"), HasSubstr("2.00×")));
}

TEST(Table, BandwidthWithoutFlops) {
  SyntheticFile file;
  file.ok("memory bytes=64", "naive", {10}, 0, 640);
  EXPECT_THAT(table({file.file()}), AllOf(HasSubstr("GB/s"), HasSubstr("64.0")));
  EXPECT_THAT(table({file.file()}, "terminal", "flops"), HasSubstr("memory: no GFLOP/s, the workload counts no FLOPs"));
}

TEST(Table, NoCases) {
  SyntheticFile file;
  file.whygpu()["complete"] = false;
  for (const char* format : {"terminal", "markdown"}) {
    EXPECT_THAT(table({file.file("empty.json")}, format), HasSubstr("this run did not finish"));
  }
  EXPECT_THAT(table({file.file()}, "csv"), HasSubstr("file,workload,problem"));
}

TEST(Table, UnfairComparison) {
  auto file = three_backends();
  file.whygpu()["findings"] = {{{"severity", "serious"}, {"what", "OPENBLAS_CORETYPE=Haswell"}, {"do", "unset it"}},
                               {{"severity", "note"}, {"what", "no governor"}, {"do", "nothing"}}};
  file.whygpu()["cases"][0]["rounds"][0]["disturbance"] = "power limit";
  const auto text = table({file.file()});
  EXPECT_THAT(text, HasSubstr("unfair: OPENBLAS_CORETYPE=Haswell; unset it"));
  EXPECT_THAT(text, HasSubstr("disturbed: power limit (1 measurement)"));
  EXPECT_THAT(text, Not(HasSubstr("no governor")));
}

TEST(Table, HostileNames) {
  SyntheticFile file("<script>alert(1)</script>");
  file.whygpu()["environment"]["cpu"]["model"] = "evil\033]0;title\007 | <img src=x> \xe2\x80\xae";
  file.backend("na|ve\n", "cuda", "dev\033[2J,\"x\"");
  file.ok(square_gemm(8), "na|ve\n", {10}, 20)["implementation"] = "=cmd,\"quoted\"\nsecond line";
  EXPECT_THAT(table({file.file()}), AllOf(Not(HasSubstr("\033")), Not(HasSubstr("\007"))));
  EXPECT_THAT(table({file.file()}, "markdown"), AllOf(Not(HasSubstr("<img")), HasSubstr("na\\|ve")));
  EXPECT_THAT(table({file.file()}, "csv"), HasSubstr("\"'=cmd,\"\"quoted\"\" second line\""));
  EXPECT_EQ(nlohmann::json::parse(table({file.file()}, "json"))["records"][0]["backend"], "na|ve\n");
}

TEST(Table, ColorOnRequest) {
  TableOptions options;
  const auto file = three_backends().file();
  EXPECT_THAT(render_table({file}, options), Not(HasSubstr("\033[")));
  options.color = true;
  EXPECT_THAT(render_table({file}, options), AllOf(HasSubstr("\033[31m"), HasSubstr("incorrect [1]\033[0m")));
}

TEST(Table, JsonNulls) {
  const auto records = nlohmann::json::parse(table({three_backends().file()}, "json"))["records"];
  ASSERT_EQ(records.size(), 6U);
  EXPECT_EQ(records[0]["value"], 2);
  EXPECT_EQ(records[3]["low"], nullptr);
  EXPECT_EQ(records[4]["value"], nullptr);
  EXPECT_EQ(records[4]["reason"], "C[0,1] is 3, 2 expected");
}

TEST(Table, ParametersAreColumns) {
  std::istringstream lines(table({three_backends().file()}, "jsonl"));
  std::string line;
  std::getline(lines, line);
  const auto first = nlohmann::json::parse(line);
  EXPECT_EQ(first["m"], 512);
  EXPECT_EQ(first["dtype"], "f32");
  EXPECT_EQ(first["time_ns"], 100);
  EXPECT_EQ(first["time_low_ns"], 99);
  int rows = 1;
  while (std::getline(lines, line)) ++rows;
  EXPECT_EQ(rows, 6);
}

TEST(Table, ARowForEachSample) {
  auto file = three_backends();
  file.whygpu()["cases"][0]["rounds"][1]["samples_ns"] = {101, 102, 103};
  const auto records = nlohmann::json::parse(table({file.file()}, "json", "samples"))["records"];
  ASSERT_EQ(records.size(), 9 + 7 + 2 + 1);
  EXPECT_EQ(records[2]["round"], 2);
  EXPECT_EQ(records[2]["sample"], 2);
  EXPECT_EQ(records[2]["time_ns"], 102);
  EXPECT_EQ(records[2]["k"], 512);
  EXPECT_THAT(table({file.file()}, "terminal", "samples"), HasSubstr("19 samples: --format csv"));
}

TEST(Table, UnknownViewOrFormat) {
  EXPECT_THROW(table({three_backends().file()}, "pdf"), std::invalid_argument);
  EXPECT_THROW(table({three_backends().file()}, "terminal", "wishes"), std::invalid_argument);
}

TEST(Table, OffloadColumns) {
  const auto text = table({cpu_and_gpu().file()}, "terminal", "speed", "naive");
  EXPECT_THAT(text, AllOf(HasSubstr("cuda kernel"), HasSubstr("cuda always"), HasSubstr("10.0×"), HasSubstr("0.250×")));
}

}  // namespace
}  // namespace whygpu
