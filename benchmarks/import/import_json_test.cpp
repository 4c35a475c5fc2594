#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/import/import_samples.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

std::vector<std::string> reasons_of(const ImportedDevice& device) {
  std::vector<std::string> reasons;
  for (const auto& [reason, rows, example] : device.left_out) reasons.push_back(std::to_string(rows) + " " + reason);
  return reasons;
}

std::string google(const std::string& rows) {
  return R"({"context": {"date": "2020-01-01", "host_name": "their-host"}, "benchmarks": [)" + rows + "]}";
}

std::string google_row(const std::string& name, const std::string& more) {
  return R"({"name": ")" + name + R"(", "run_name": ")" + name + R"(", "run_type": "iteration", )" + more + "}";
}

TEST(GoogleBenchmark, RepetitionsAreSamples) {
  auto options = import_options("Their CPU");
  options.match = R"(BM_sgemm/(\d+)/(\d+)/(\d+))";
  options.case_line = "gemm m=$1 n=$2 k=$3 dtype=f32";
  const auto device = imported_device(
      google(
          google_row("BM_sgemm/3/5/7", R"("real_time": 10, "time_unit": "ns")") + "," +
          google_row("BM_sgemm/3/5/7", R"("real_time": 0.02, "time_unit": "us")") + "," +
          R"({"name": "BM_sgemm/3/5/7_mean", "run_name": "BM_sgemm/3/5/7", "run_type": "aggregate", "real_time": 15},)" +
          google_row("BM_sgemm/2/2/2", R"("error_occurred": true, "error_message": "no memory")") + "," +
          google_row("BM_sgemm/4/4/4", R"("real_time": 0, "time_unit": "ms")") + "," +
          google_row("BM_copy/64", R"("real_time": 1, "time_unit": "s")")),
      options);
  ASSERT_THAT(device.file.cases, SizeIs(1));
  const auto& record = device.file.cases[0];
  EXPECT_EQ(record.text, "gemm m=3 n=5 k=7 backend=published");
  EXPECT_THAT(record.rounds, SizeIs(1));
  EXPECT_THAT(record.rounds[0].samples_ns, ElementsAre(10, 20));
  EXPECT_EQ(record.rounds[0].started, "2020-02-29");
  EXPECT_EQ(record.flops, 2 * 3 * 5 * 7);
  EXPECT_THAT(reasons_of(device), ElementsAre("1 aggregate of repetitions", "1 error: no memory", "1 no time above 0",
                                              "1 the name does not match --match"));
  EXPECT_EQ(device.file.environment.host, "their-host");
  EXPECT_EQ(device.file.environment.cpu_model, "Their CPU");
  EXPECT_EQ(device.file.backends.at(0).device->kind, RecordedDevice::cpu);
}

TEST(GoogleBenchmark, NamesThatAreOurCases) {
  const auto device =
      imported_device(google(google_row("gemm m=3 n=5 k=7 dtype=bf16 backend=onednn/manual_time", R"("real_time": 2)") +
                             "," + google_row("memset/8", R"("real_time": 2)")),
                      import_options("Their CPU"));
  ASSERT_THAT(device.file.cases, SizeIs(1));
  EXPECT_EQ(device.file.cases[0].text, "gemm m=3 n=5 k=7 dtype=bf16 backend=onednn");
  EXPECT_EQ(device.left_out.at(0).example, "memset/8");
}

TEST(GoogleBenchmark, WrongTypesAndFiles) {
  const auto options = import_options("X");
  EXPECT_EQ(import_error(google(google_row("gemm m=1 n=1 k=1", R"("real_time": "1")")), options),
            "theirs.txt: benchmarks[0].real_time: must be a number, found string");
  EXPECT_THAT(import_error(google(google_row("gemm m=1 n=1 k=1", R"("real_time": 1, "time_unit": "h")")), options),
              HasSubstr("benchmarks[0].time_unit: found \"h\"; must be ns, us, ms or s"));
  EXPECT_THAT(import_error(google(google_row("gemm m=1 n=1 k=1", R"("real_time": 1e400)")), options),
              HasSubstr("too large for double precision"));
  EXPECT_THAT(import_error(R"({"benchmarks": [], "whygpu": {}})", options), HasSubstr("a result file of whygpu"));
  EXPECT_EQ(import_error(R"({"benchmarks": []})", options), "theirs.txt: holds no results");
  EXPECT_THAT(import_error(R"({"benchmarks": [{"na)", options), HasSubstr("truncated"));
  EXPECT_THAT(import_error(google(google_row("gemm m=1 n=1 k=1", R"("real_time": 1e308, "time_unit": "s")")), options),
              HasSubstr("no row is a case; the first: no time above 0"));
}

TEST(GoogleBenchmark, Mapping) {
  auto options = import_options("X");
  options.match = "(";
  options.case_line = "gemm m=$1 n=1 k=1";
  EXPECT_THAT(import_error("{}", options), StartsWith("--match (: not a regular expression"));
  options.match = "x(.*)";
  options.case_line = "gem m=$1 n=1 k=1";
  EXPECT_THAT(import_error(google(google_row("x8", R"("real_time": 1)")), options),
              AllOf(HasSubstr("no case of ours (x8: "), HasSubstr("did you mean \"gemm\"")));
  options.case_line = "";
  EXPECT_THAT(import_error("{}", options), HasSubstr("--match and --case are needed together; only --match is given"));
}

// Two benchmarks that become one case are not two samples of it.
TEST(GoogleBenchmark, OtherNamesOfACaseAreLeftOut) {
  auto options = import_options("X");
  options.match = R"(\w+/(\d+))";
  options.case_line = "gemm m=$1";
  const auto device = imported_device(
      google(google_row("BM_ours/3", R"("real_time": 1)") + "," + google_row("BM_theirs/3", R"("real_time": 5)")),
      options);
  EXPECT_THAT(device.file.cases.at(0).rounds.at(0).samples_ns, ElementsAre(1));
  EXPECT_THAT(reasons_of(device), ElementsAre("1 the same case as an earlier row"));
}

TEST(GoogleBenchmark, LongNamesMatchNothing) {
  auto options = import_options("X");
  options.match = R"(BM_\w+/(\d+))";
  options.case_line = "gemm m=$1";
  const auto row = google_row("BM_" + std::string(100'000, 'a') + "/3", R"("real_time": 1)");
  EXPECT_THAT(import_error(google(row), options), HasSubstr("the name does not match --match"));
}

// Of nvbench's JSON what is read.
std::string nvbench(const std::string& states) {
  return R"({"devices": [{"id": 0, "name": "NVIDIA A"}, {"id": 1, "name": "NVIDIA B"}],
             "benchmarks": [{"name": "sgemm", "states": [)" +
         states + "]}]}";
}

std::string state(int device, const std::string& axes, const std::string& seconds, const std::string& more = "") {
  return R"({"device": )" + std::to_string(device) + R"(, "axis_values": [)" + axes +
         R"(], "summaries": [{"tag": "nv/cold/time/cpu/mean", "data": [{"name": "value", "value": "9"}]},
            {"tag": "nv/cold/time/gpu/mean", "data": [{"name": "value", "type": "float64", "value": )" +
         seconds + R"(}]}])" + more + "}";
}

std::string axis(const std::string& name, const std::string& value) {
  return R"({"name": ")" + name + R"(", "type": "int64", "value": )" + value + "}";
}

TEST(Nvbench, AxesOfProducts) {
  const std::string sizes = axis("M", "\"3\"") + "," + axis("n", "5") + "," + axis("K", "\"7\"");
  const auto imported =
      import_published(nvbench(state(0, sizes + "," + axis("T", "\"F32\""), "\"0.25\"") + "," +
                               state(0, sizes + "," + axis("dtype", "\"__half\""), "0.5") + "," +
                               state(1, sizes + "," + axis("T", "\"F64\""), "\"2\"") + "," +
                               state(0, sizes, "\"1\"", R"(, "is_skipped": true, "skip_reason": "too large")") + "," +
                               state(0, axis("Elements", "\"64\""), "\"1\"")),
                       "theirs.json", import_options());
  EXPECT_EQ(imported.format, ImportFormat::nvbench);
  ASSERT_THAT(imported.devices, SizeIs(2));
  const auto& [device, file, left_out] = imported.devices[0];
  EXPECT_EQ(device, "NVIDIA A");
  EXPECT_EQ(file.name, "theirs-NVIDIA_A");
  ASSERT_THAT(file.cases, SizeIs(2));
  EXPECT_EQ(file.cases[0].text, "gemm m=3 n=5 k=7 backend=published");
  EXPECT_EQ(file.cases[1].text, "gemm m=3 n=5 k=7 dtype=f16 backend=published");
  EXPECT_EQ(only_sample(file.cases[0]), 0.25e9);
  EXPECT_EQ(file.cases[0].flops, 2 * 3 * 5 * 7);
  EXPECT_THAT(
      reasons_of(imported.devices[0]),
      ElementsAre("1 skipped: too large", "1 the axes are not m, n, k and a dtype: --match and --case map names"));
  EXPECT_EQ(left_out[1].example, "sgemm Elements=64");
  EXPECT_EQ(imported.devices[1].file.cases.at(0).text, "gemm m=3 n=5 k=7 dtype=f64 backend=published");
}

// No axis says the dtype: f32 would be a guess.
TEST(Nvbench, DtypeIsNotGuessed) {
  const auto text = nvbench(state(0, axis("m", "3") + "," + axis("n", "5") + "," + axis("k", "7"), "1"));
  auto options = import_options("NVIDIA A");
  EXPECT_THAT(import_error(text, options), HasSubstr("the axes are not m, n, k and a dtype"));
  options.dtype = "bf16";
  EXPECT_EQ(imported_device(text, options).file.cases.at(0).text, "gemm m=3 n=5 k=7 dtype=bf16 backend=published");
}

TEST(Nvbench, MappedNames) {
  auto options = import_options("NVIDIA B");
  options.match = R"(sgemm Size=(\d+))";
  options.case_line = "gemm m=$1 n=m k=m dtype=bf16";
  const auto device = imported_device(nvbench(state(1, axis("Size", "\"64\""), "\"1e-3\"")), options);
  EXPECT_EQ(device.file.cases.at(0).text, "gemm m=64 n=64 k=64 dtype=bf16 backend=published");
  EXPECT_EQ(only_sample(device.file.cases[0]), 1e6);
}

std::string llama(const std::string& more) {
  return R"({"build_commit": "abc123", "build_number": 42, "cpu_info": "Their CPU", "gpu_info": "Their GPU",
             "model_type": "llama 7B Q4_0", "model_n_params": 1000, "n_threads": 8, )" +
         more + "}";
}

TEST(LlamaBench, TestsAreTheirOwnWorkload) {
  const auto imported = import_published(
      "[" +
          llama(
              R"("backends": "CUDA", "n_gpu_layers": 99, "n_prompt": 512, "n_gen": 0, "avg_ns": 3, "samples_ns": [1, 2])") +
          "," + llama(R"("backends": "CUDA", "n_gpu_layers": 99, "n_prompt": 0, "n_gen": 128, "avg_ns": 3)") + "," +
          llama(R"("backends": "CUDA", "n_gpu_layers": 0, "n_prompt": 0, "n_gen": 128, "avg_ns": 5)") + "," +
          llama(R"("backends": "CUDA", "n_gpu_layers": 99, "n_prompt": 1, "n_gen": 1, "avg_ns": 0)") + "]",
      "theirs.json", import_options());
  EXPECT_EQ(imported.format, ImportFormat::llama_bench);
  ASSERT_THAT(imported.devices, SizeIs(2));
  const auto& file = imported.devices[0].file;
  ASSERT_THAT(file.cases, SizeIs(2));
  const auto& record = file.cases[0];
  EXPECT_EQ(record.text,
            "llama_bench model=llama_7B_Q4_0 test=pp512 threads=8 gpu_layers=99 api=CUDA build=42 "
            "backend=llama.cpp");
  EXPECT_EQ(record.workload, "llama_bench");
  EXPECT_EQ(record.flops, 2 * 1000 * 512);
  EXPECT_EQ(record.bytes, 0);
  EXPECT_THAT(record.rounds.at(0).samples_ns, ElementsAre(1, 2));
  EXPECT_EQ(file.cases[1].value("test"), "tg128");
  EXPECT_EQ(file.backends.at(0).version, "llama.cpp b42 (abc123)");
  EXPECT_EQ(file.backends.at(0).device->kind, RecordedDevice::cuda);
  EXPECT_THAT(reasons_of(imported.devices[0]), ElementsAre("1 no time above 0"));
  EXPECT_EQ(imported.devices[1].device, "Their CPU");
  EXPECT_EQ(imported.devices[1].file.backends.at(0).device->kind, RecordedDevice::cpu);
}

TEST(LlamaBench, BuildsAndSettingsApart) {
  std::string tests;
  for (const char* more : {R"("split_mode": "layer",)", R"("split_mode": "row",)", R"("split_mode": "row",)"}) {
    tests += (tests.empty() ? "[" : ",") +
             llama(std::string(more) +
                   R"("backends": "CUDA", "n_gpu_layers": 99, "n_prompt": 512, "n_gen": 0, "avg_ns": 3)");
  }
  tests.replace(tests.rfind("\"build_number\": 42"), 18, "\"build_number\": 43");
  const auto device = imported_device(tests + "]", import_options());
  EXPECT_THAT(device.file.cases, SizeIs(3));
}

TEST(LlamaBench, JsonLines) {
  const auto line = llama(R"("backends": "CPU", "n_prompt": 16, "n_gen": 4, "n_depth": 32, "avg_ns": 7)");
  std::string one_line = line;
  std::erase(one_line, '\n');
  const auto device = imported_device(one_line + "\n\n", import_options());
  EXPECT_EQ(device.file.cases.at(0).value("test"), "pp16+tg4@d32");
  EXPECT_EQ(import_error(one_line + "\n{\"n_prompt\": -1}\n", import_options()),
            "theirs.txt:2: n_prompt: must be an integer of at least 0");
}

}  // namespace
}  // namespace whygpu
