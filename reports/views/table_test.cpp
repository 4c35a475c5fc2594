#include "reports/views/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "reports/render/text.h"
#include "reports/results/synthetic_file.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string table(const std::vector<ResultFile>& files, const std::string& format = "terminal",
                  const std::string& view = "speed", const std::string& baseline = "") {
  TableOptions options;
  options.format = format;
  options.view = view;
  options.baseline = baseline;
  return render_table(files, options);
}

SyntheticFile three_backends() {
  SyntheticFile file;
  file.backend("naive").backend("openblas").backend("cuda", "cuda", "Synthetic GPU");
  file.ok(square_gemm(512), "naive", seven_rounds(100), 200);
  file.ok(square_gemm(512), "openblas", seven_rounds(10, 0.02), 200);
  file.ok(square_gemm(512), "cuda", {4, 5}, 200)["settled"] = false;
  file.ok(square_gemm(256), "naive", {50}, 200);
  file.not_ok(square_gemm(256), "openblas", "incorrect", "C[0,1] is 3, 2 expected");
  file.not_ok(square_gemm(256), "cuda", "failed", "out of memory");
  return file;
}

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

TEST(Table, UnknownViewOrFormat) {
  EXPECT_THROW(table({three_backends().file()}, "pdf"), std::invalid_argument);
  EXPECT_THROW(table({three_backends().file()}, "terminal", "wishes"), std::invalid_argument);
}

// Two sizes on a CPU and a GPU, with a meter and both ways of offloading.
SyntheticFile cpu_and_gpu() {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda", "Synthetic GPU");
  for (int size : {64, 128, 256}) {
    file.ok(square_gemm(size), "naive", seven_rounds(100), 200);
    file.ok(square_gemm(size) + " offload=kernel", "cuda", seven_rounds(10), 200);
    file.ok(square_gemm(size) + " offload=always", "cuda", seven_rounds(400), 200);
  }
  for (auto& record : file.whygpu()["cases"]) {
    for (auto& round : record["rounds"]) round["details"] = {{"energy_joules_per_op", 1e-7}};
  }
  return file;
}

TEST(Table, OffloadColumns) {
  const auto text = table({cpu_and_gpu().file()}, "terminal", "speed", "naive");
  EXPECT_THAT(text, AllOf(HasSubstr("cuda kernel"), HasSubstr("cuda always"), HasSubstr("10.0×"), HasSubstr("0.250×")));
}

TEST(Table, EnergyView) {
  const auto text = table({cpu_and_gpu().file()}, "terminal", "energy");
  EXPECT_THAT(text, AllOf(HasSubstr("GFLOP/s/W"), HasSubstr("2.00")));
  EXPECT_THAT(table({three_backends().file()}, "terminal", "energy"), HasSubstr("no meter measured its energy"));
}

TEST(Table, PriceKnownDevices) {
  TableOptions options;
  options.view = "price";
  options.prices.devices = {{"Synthetic GPU", 2000}};
  const auto text = render_table({cpu_and_gpu().file()}, options);
  EXPECT_THAT(text, HasSubstr("100 ±1.0%"));  // $2,000 for 20 GFLOP/s
  EXPECT_THAT(text, HasSubstr("device price or FLOPs unknown (3 cases)"));
  EXPECT_THAT(text, HasSubstr("Synthetic cpu: price unknown (--price 'Synthetic cpu=USD')"));
}

TableOptions price_json() {
  TableOptions options;
  options.view = "price";
  options.format = "json";
  return options;
}

nlohmann::json with_measure(const std::string& document, const std::string& measure) {
  const auto parsed = nlohmann::json::parse(document);
  for (const auto& record : parsed["records"]) {
    if (record["measure"] == measure && !record["value"].is_null()) return record;
  }
  return {};
}

TEST(Table, PriceRentWithoutFlops) {
  auto options = price_json();
  options.prices.rents = {{"Synthetic cpu", 3.6}};  // a dollar for 1000 s
  SyntheticFile file;
  file.backend("naive").ok("memory bytes=64", "naive", seven_rounds(1000), 0, 640);
  const auto rows = render_table({file.file()}, options);
  const auto row = with_measure(rows, "dollars_per_million");
  EXPECT_NEAR(row["value"].get<double>(), 0.001, 1e-12);
  EXPECT_NEAR(row["low"].get<double>(), 0.00099, 1e-12);
  EXPECT_NEAR(row["high"].get<double>(), 0.00101, 1e-12);
  EXPECT_TRUE(with_measure(rows, "dollars_per_gflops").is_null());
  options.format = "terminal";
  EXPECT_THAT(render_table({file.file()}, options), HasSubstr("rent, power included"));
}

TEST(Table, PriceWithEnergy) {
  auto options = price_json();
  options.prices.devices = {{"Synthetic cpu", 94672.8}};  // a dollar for 1000 s of 3 years
  SyntheticFile file;
  auto& record = file.backend("naive").ok("training_step model=mlp batch=32", "naive", {1e9}, 1e9);
  record["rounds"][0]["details"] = {{"energy_joules_per_op", 3.6e6}};
  const auto step = [&] { return with_measure(render_table({file.file()}, options), "dollars_per_step")["value"]; };
  EXPECT_NEAR(step().get<double>(), 0.001, 1e-12);
  options.prices.kwh = 0.5;
  EXPECT_NEAR(step().get<double>(), 0.501, 1e-12);
  options.format = "terminal";
  EXPECT_THAT(render_table({file.file()}, options), AllOf(HasSubstr("$ per step"), HasSubstr("plus measured energy")));
}

TEST(Table, PricePerInferenceItem) {
  auto options = price_json();
  options.prices.rents = {{"Synthetic cpu", 3.6}};
  SyntheticFile file;
  file.backend("naive").ok("inference model=mlp batch=4", "naive", {1e6}, 1e6);
  file.ok("inference model=mlp batch=0", "naive", {1e6}, 1e6);
  EXPECT_NEAR(with_measure(render_table({file.file()}, options), "dollars_per_million")["value"].get<double>(), 0.25,
              1e-12);
  options.format = "terminal";
  options.width = 200;
  EXPECT_THAT(render_table({file.file()}, options), HasSubstr("or batch unknown"));
}

TEST(Table, PriceMissing) {
  TableOptions options;
  options.view = "price";
  options.width = 200;
  options.prices.devices = {{"Synthetic cpu", 1000}, {"Synthetic GPU", 2000}};
  const auto text = render_table({three_backends().file()}, options);
  EXPECT_THAT(text, AllOf(HasSubstr("$ per GFLOP/s"), HasSubstr("$ per 1M"), HasSubstr("failed: out of memory\n")));
  options.prices = {};
  EXPECT_THAT(render_table({three_backends().file()}, options),
              AllOf(HasSubstr("gemm: no $ per GFLOP/s"), HasSubstr("rent unknown (--hourly USD)")));
}

TEST(Table, CrossoverView) {
  const auto text = table({cpu_and_gpu().file()}, "terminal", "crossover");
  EXPECT_THAT(text, AllOf(HasSubstr("always, from 64 on"), HasSubstr("never up to 256"), HasSubstr("reuses")));
  EXPECT_THAT(table({SyntheticFile().backend("naive").file("cpu.json")}, "terminal", "crossover"),
              HasSubstr("cpu: no backend ran on a GPU"));
  const auto records = nlohmann::json::parse(table({cpu_and_gpu().file()}, "json", "crossover"))["records"];
  EXPECT_EQ(records[0]["verdict"], "always");
  EXPECT_EQ(records[0]["from"], 64);
}

// A CPU's time is its latency; a GPU's times are of queued operations.
TEST(Table, LatencyView) {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda");
  file.ok(square_gemm(64), "naive", seven_rounds(2000), 1);
  for (auto& round : file.ok(square_gemm(64), "cuda", seven_rounds(100), 1)["rounds"]) {
    round["details"]["synchronised_ns"] = 8000;
  }
  file.ok(square_gemm(128) + " mode=cold", "naive", seven_rounds(3000), 1);
  const auto records = nlohmann::json::parse(table({file.file()}, "json", "latency"))["records"];
  EXPECT_EQ(records[0]["value"], 2);
  EXPECT_EQ(records[1]["value"], 8);
  EXPECT_TRUE(records[2]["value"].is_null());
}

// A GEMM of 2 GFLOP and 1 GB in a second on a CPU of 1 GFLOP/s in f32 and 4 GB/s.
SyntheticFile beside_ceilings() {
  SyntheticFile file;
  file.backend("naive").ok(square_gemm(1000), "naive", seven_rounds(1e9), 2e9, 1e9);
  const auto ceiling = [](const char* kind, const char* key, const char* which, double value, const char* unit) {
    return nlohmann::json{
        {"device", "Synthetic cpu"}, {"kind", kind}, {key, which}, {"value", value}, {"unit", unit}, {"how", ""}};
  };
  file.whygpu()["ceilings"] = {ceiling("flops", "dtype", "f32", 1e9, "FLOP/s"),
                               ceiling("bandwidth", "level", "memory", 4e9, "B/s")};
  return file;
}

TEST(Table, ContradictedCeilingOnce) {
  const auto text = table({beside_ceilings().file()});
  EXPECT_THAT(text, HasSubstr("error: 1 case is up to 100% above the measured ceiling of f32 arithmetic"));
  EXPECT_THAT(text, AllOf(HasSubstr("200% [1]"), HasSubstr("[1] above its ceiling: an error")));
}

TEST(Table, CeilingThatIsNotSustained) {
  auto file = beside_ceilings();
  EXPECT_THAT(table({file.file()}), Not(HasSubstr("sustains")));
  file.whygpu()["ceilings"][0]["sustained"] = 0.98e9;
  EXPECT_THAT(table({file.file()}), Not(HasSubstr("sustains")));
  file.whygpu()["ceilings"][0]["sustained"] = 0.8e9;
  EXPECT_THAT(table({file.file()}),
              AllOf(HasSubstr("Synthetic cpu sustains less than its ceiling"), HasSubstr("of short samples: f32 80%")));
}

TEST(Table, BandwidthCeiling) {
  const auto text = table({beside_ceilings().file()}, "terminal", "bandwidth");
  EXPECT_THAT(text, AllOf(HasSubstr("25%"), HasSubstr("% of the bandwidth measured"), Not(HasSubstr("200%"))));
}

TEST(Table, PageFaultsInSamples) {
  auto file = beside_ceilings();
  EXPECT_THAT(table({file.file()}), Not(HasSubstr("page faults")));
  file.whygpu()["cases"][0]["rounds"][2]["details"]["page_faults"] = 12;
  EXPECT_THAT(table({file.file()}), HasSubstr("page faults inside the samples of 1 case"));
}

TEST(Table, UnfairInEveryView) {
  auto file = cpu_and_gpu();
  file.whygpu()["findings"] = {{{"severity", "serious"}, {"what", "the governor is powersave"}, {"do", "change it"}}};
  for (const char* view : {"speed", "crossover", "training"}) {
    EXPECT_THAT(table({file.file()}, "terminal", view), HasSubstr("unfair: the governor is powersave")) << view;
  }
}

// A training step of 32 samples on the CPU, whose measured peak is 4 TFLOP/s.
SyntheticFile one_training_step() {
  SyntheticFile file;
  file.backend("naive");
  file.whygpu()["ceilings"] = {{{"device", "Synthetic cpu"},
                                {"kind", "flops"},
                                {"dtype", "f32"},
                                {"value", 4e12},
                                {"unit", "FLOP/s"},
                                {"how", "FMA chains"}}};
  return file;
}

void add_step(SyntheticFile& file, const std::string& offload, double ns) {
  auto& step = file.ok("training_step model=mlp batch=32 dtype=f32 " + offload, "naive", seven_rounds(ns), 1e9);
  for (auto& round : step["rounds"]) {
    round["details"] = {{"forward_ns", 3e5}, {"backward_ns", 6e5},  {"update_ns", 1e5},
                        {"samples", 32},     {"parameters", 7.5e6}, {"peak_memory_bytes", 5e6}};
  }
}

TEST(Table, TrainingView) {
  SyntheticFile file = one_training_step();
  add_step(file, "offload=kernel", 1e6);
  EXPECT_THAT(table({file.file()}, "terminal", "training"),
              AllOf(HasSubstr("30%"), HasSubstr("60%"), HasSubstr("32000"), HasSubstr("1.00 ms"), HasSubstr(" 25%"),
                    HasSubstr("7.5"), Not(HasSubstr("fed"))));
  EXPECT_THAT(table({three_backends().file()}, "terminal", "training"), HasSubstr("no training step was measured"));
}

TEST(Table, InferenceView) {
  SyntheticFile file;
  auto& request = file.backend("naive").ok("inference model=mlp batch=1", "naive", seven_rounds(1e6), 1e9);
  for (auto& round : request["rounds"]) {
    round["details"] = {
        {"latency_p50_ns", 1.1e6}, {"latency_p95_ns", 1.3e6}, {"latency_p99_ns", 2.5e6}, {"requests", 400}};
  }
  EXPECT_THAT(table({file.file()}, "terminal", "inference"),
              AllOf(HasSubstr("1.10 ms"), HasSubstr("1.30 ms"), HasSubstr("2.50 ms"), HasSubstr("400")));
  EXPECT_THAT(table({three_backends().file()}, "terminal", "inference"), HasSubstr("no inference was measured"));
}

TEST(Table, TrainingFeedTime) {
  SyntheticFile file = one_training_step();
  add_step(file, "offload=kernel", 1e6);
  add_step(file, "offload=always", 1.5e6);
  EXPECT_THAT(table({file.file()}, "terminal", "training"),
              AllOf(HasSubstr("1.00 ms"), HasSubstr("1.50 ms"), HasSubstr("nothing is copied"),
                    Not(HasSubstr("offload=always "))));
}

}  // namespace
}  // namespace whygpu
