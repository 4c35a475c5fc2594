// Views other than speed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reports/views/synthetic_tables.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(TableViews, EnergyView) {
  const auto text = table({cpu_and_gpu().file()}, "terminal", "energy");
  EXPECT_THAT(text, AllOf(HasSubstr("GFLOP/s/W"), HasSubstr("2.00")));
  EXPECT_THAT(table({three_backends().file()}, "terminal", "energy"), HasSubstr("no meter measured its energy"));
}

TEST(TableViews, PriceKnownDevices) {
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

TEST(TableViews, PriceRentWithoutFlops) {
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

TEST(TableViews, PriceWithEnergy) {
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

TEST(TableViews, PricePerInferenceItem) {
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

TEST(TableViews, PriceMissing) {
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

TEST(TableViews, CrossoverView) {
  const auto text = table({cpu_and_gpu().file()}, "terminal", "crossover");
  EXPECT_THAT(text, AllOf(HasSubstr("always, from 64 on"), HasSubstr("never up to 256"), HasSubstr("reuses")));
  EXPECT_THAT(table({SyntheticFile().backend("naive").file("cpu.json")}, "terminal", "crossover"),
              HasSubstr("cpu: no backend ran on a GPU"));
  const auto records = nlohmann::json::parse(table({cpu_and_gpu().file()}, "json", "crossover"))["records"];
  EXPECT_EQ(records[0]["verdict"], "always");
  EXPECT_EQ(records[0]["from"], 64);
}

TEST(TableViews, CrossoverOfOpenClOnTheCpu) {
  SyntheticFile pocl;
  pocl.backend("naive").backend("clblast", "cpu-opencl", "OpenCL on the CPU (PoCL)");
  for (int size : {64, 128, 256}) {
    pocl.ok(square_gemm(size), "naive", seven_rounds(100), 1);
    pocl.ok(square_gemm(size), "clblast", seven_rounds(10), 1);
  }
  TableOptions allowed;
  allowed.width = 200;
  allowed.view = "crossover";
  EXPECT_THAT(render_table({pocl.file()}, allowed),
              AllOf(HasSubstr("no backend ran on a GPU"),
                    HasSubstr("clblast ran OpenCL on the CPU, left out here; --allow-cpu-opencl compares them")));
  allowed.allow_cpu_opencl = true;
  EXPECT_THAT(render_table({pocl.file()}, allowed),
              AllOf(HasSubstr("always, from 64 on"), HasSubstr("clblast ran OpenCL on the CPU: no GPU was measured")));
}

// A CPU's time is its latency; a GPU's times are of queued operations.
TEST(TableViews, LatencyView) {
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

TEST(TableViews, ContradictedCeilingOnce) {
  const auto text = table({beside_ceilings().file()});
  EXPECT_THAT(text, HasSubstr("error: 1 case is up to 100% above the measured ceiling of f32 arithmetic"));
  EXPECT_THAT(text, AllOf(HasSubstr("200% [1]"), HasSubstr("[1] above its ceiling: an error")));
}

TEST(TableViews, CeilingThatIsNotSustained) {
  auto file = beside_ceilings();
  EXPECT_THAT(table({file.file()}), Not(HasSubstr("sustains")));
  file.whygpu()["ceilings"][0]["sustained"] = 0.98e9;
  EXPECT_THAT(table({file.file()}), Not(HasSubstr("sustains")));
  file.whygpu()["ceilings"][0]["sustained"] = 0.8e9;
  EXPECT_THAT(table({file.file()}),
              AllOf(HasSubstr("Synthetic cpu sustains less than its ceiling"), HasSubstr("of short samples: f32 80%")));
}

TEST(TableViews, BandwidthCeiling) {
  const auto text = table({beside_ceilings().file()}, "terminal", "bandwidth");
  EXPECT_THAT(text, AllOf(HasSubstr("25%"), HasSubstr("% of the bandwidth measured"), Not(HasSubstr("200%"))));
}

TEST(TableViews, PageFaultsInSamples) {
  auto file = beside_ceilings();
  EXPECT_THAT(table({file.file()}), Not(HasSubstr("page faults")));
  file.whygpu()["cases"][0]["rounds"][2]["details"]["page_faults"] = 12;
  EXPECT_THAT(table({file.file()}), HasSubstr("page faults inside the samples of 1 case"));
}

TEST(TableViews, UnfairInEveryView) {
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

TEST(TableViews, TrainingView) {
  SyntheticFile file = one_training_step();
  add_step(file, "offload=kernel", 1e6);
  EXPECT_THAT(table({file.file()}, "terminal", "training"),
              AllOf(HasSubstr("30%"), HasSubstr("60%"), HasSubstr("32000"), HasSubstr("1.00 ms"), HasSubstr(" 25%"),
                    HasSubstr("7.5"), Not(HasSubstr("fed"))));
  EXPECT_THAT(table({three_backends().file()}, "terminal", "training"), HasSubstr("no training step was measured"));
}

TEST(TableViews, InferenceView) {
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

TEST(TableViews, TrainingFeedTime) {
  SyntheticFile file = one_training_step();
  add_step(file, "offload=kernel", 1e6);
  add_step(file, "offload=always", 1.5e6);
  EXPECT_THAT(table({file.file()}, "terminal", "training"),
              AllOf(HasSubstr("1.00 ms"), HasSubstr("1.50 ms"), HasSubstr("nothing is copied"),
                    Not(HasSubstr("offload=always "))));
}

nlohmann::json& add_step(SyntheticFile& file, int ranks, double ns) {
  const std::string several = ranks > 1 ? fmt::format(" ranks={}", ranks) : "";
  auto& step = file.ok("training_step model=mlp" + several, "openblas", {ns}, 1e9);
  step["values"]["ranks"] = std::to_string(ranks);
  step["values"]["scaling"] = "strong";
  auto& details = step["rounds"][0]["details"];
  details["samples"] = 128;
  if (ranks == 1) return step;
  for (int rank = 0; rank < ranks; ++rank) step["ranks"].push_back({{"host", "node"}, {"device", "CPU"}});
  details["parameters"] = 1e6;
  details["averaging_ns"] = 10e6;
  details["exposed_ns"] = 4e6;
  return step;
}

// 100 ms on one rank, 54 ms on two.
SyntheticFile scaled_file() {
  SyntheticFile file;
  file.backend("openblas");
  add_step(file, 1, 100e6);
  add_step(file, 2, 54e6);
  return file;
}

TEST(ScalingView, EfficiencyAndOverlapOfMeasuredSteps) {
  const std::string text = table({scaled_file().file()}, "terminal", "scaling");
  EXPECT_THAT(text, HasSubstr("93%"));  // 100 / 54 / 2
  EXPECT_THAT(text, HasSubstr("60%"));  // 6 of 10 ms are hidden
}

TEST(ScalingView, EnergyWhereItWasMeasured) {
  EXPECT_THAT(table({scaled_file().file()}, "terminal", "scaling"), Not(HasSubstr("J a step")));
  SyntheticFile file = scaled_file();
  add_step(file, 4, 30e6)["rounds"][0]["details"]["energy_joules_per_op"] = 3.25;
  EXPECT_THAT(table({file.file()}, "terminal", "scaling"), AllOf(HasSubstr("J a step"), HasSubstr("3.25")));
}

TEST(ScalingView, MoreRanksAreProjectedAndMarked) {
  const std::string text = table({scaled_file().file()}, "terminal", "scaling");
  EXPECT_THAT(text, HasSubstr("projected, not measured"));
  EXPECT_THAT(text, HasSubstr("without a latency"));
  const std::string records = table({scaled_file().file()}, "csv", "scaling");
  EXPECT_THAT(records, HasSubstr(",8,true,"));
  EXPECT_THAT(records, Not(HasSubstr(",256,true,")));  // a batch of 128
}

// Averages in host memory say nothing about those of devices.
TEST(ScalingView, AllReducesOfOtherMemoryAreNotUsed) {
  SyntheticFile file;
  file.backend("openblas").backend("cublas", "cuda").backend("host");
  for (const char* bytes : {"8", "8000000"}) {
    auto& collective = file.ok(fmt::format("allreduce bytes={} ranks=2", bytes), "host", {1e4}, 0, std::stod(bytes));
    collective["values"] = {
        {"ranks", "2"}, {"bytes", bytes}, {"dtype", "f32"}, {"in_place", "yes"}, {"backend", "host"}};
  }
  add_step(file, 1, 100e6);
  add_step(file, 2, 54e6);
  EXPECT_THAT(table({file.file()}, "terminal", "scaling"), HasSubstr("the file's all-reduces on 2 ranks"));
  for (auto& record : file.whygpu()["cases"]) {
    if (record["workload"] == "training_step") record["backend"] = record["values"]["backend"] = "cublas";
  }
  EXPECT_THAT(table({file.file()}, "terminal", "scaling"), HasSubstr("without a latency"));
}

TEST(ScalingView, BusBandwidthOfCollectives) {
  SyntheticFile file;
  file.backend("host");
  auto& collective = file.ok("allreduce bytes=1000000 ranks=4", "host", {1e6}, 0, 1e6);
  collective["values"] = {
      {"ranks", "4"}, {"bytes", "1000000"}, {"dtype", "f32"}, {"in_place", "no"}, {"backend", "host"}};
  collective["rounds"][0]["details"]["bus_bandwidth_factor"] = 1.5;
  EXPECT_THAT(table({file.file()}, "terminal", "scaling"), testing::ContainsRegex("1\\.00 +1\\.50"));
}

TEST(ScalingView, CasesWithoutANumberOfRanksAreLeftOut) {
  for (const char* ranks : {"two", "-1", "2x", "99999999999"}) {
    SyntheticFile file = scaled_file();
    add_step(file, 3, 40e6)["values"]["ranks"] = ranks;
    EXPECT_THAT(table({file.file()}, "csv", "scaling"), Not(HasSubstr("ranks=3,")));
  }
}

TEST(ScalingView, NothingWithoutRanks) {
  EXPECT_THAT(table({three_backends().file()}, "terminal", "scaling"),
              HasSubstr("no case was measured by several ranks"));
}

}  // namespace
}  // namespace whygpu
