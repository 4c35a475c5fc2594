#include "reports/results/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "reports/results/result_file.h"
#include "reports/results/synthetic_file.h"

namespace whygpu {
namespace {

using nlohmann::json;
using testing::HasSubstr;

RoundRecord short_round(std::vector<double> samples_ns) {
  RoundRecord round;
  round.started = "now";
  round.samples_ns = std::move(samples_ns);
  return round;
}

json recoded(const ResultFile& file) { return document_of(file); }

TEST(Codec, SampleRoundTrip) {
  const std::string path = WHYGPU_SOURCE_DIR "/reports/samples/epyc-2cpu-quick.json";
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  ASSERT_FALSE(text.empty());
  EXPECT_TRUE(text_of(parse_result_file(text, path)) == text)
      << json::diff(json::parse(text), recoded(parse_result_file(text, path)));
}

// Each record with every field set, and the keys that it has in a file.
TEST(Codec, RoundFields) {
  RoundRecord round;
  round.round = 3;
  round.started = "2026-01-31T12:00:00.123Z";
  round.batch = 10;
  round.samples_ns = {1.5, 2, 1e-3};
  round.cpu_ns = 0.1 + 0.2;
  round.prepare_ns = 16856;
  round.verify_ns = 5;
  round.warmup_ns = 6;
  round.steady = false;
  round.discarded = 2;
  round.disturbance = "clock";
  round.lost_meters = "rapl: gone";
  round.details = {{"output_hash", 2266743902164283.0}};
  const json object = encode(round);
  EXPECT_EQ(object.dump(),
            R"({"batch":10,"cpu_ns":0.30000000000000004,"details":{"output_hash":2.266743902164283e+15},"discarded":2,)"
            R"("disturbance":"clock","lost_meters":"rapl: gone","prepare_ns":16856.0,"round":3,)"
            R"("samples_ns":[1.5,2.0,0.001],"started":"2026-01-31T12:00:00.123Z","steady":false,"verify_ns":5.0,)"
            R"("warmup_ns":6.0})");
  EXPECT_EQ(encode(decode<RoundRecord>(object, "round")), object);
}

TEST(Codec, RoundOmitsUnset) {
  const json object = encode(short_round({1}));
  for (const char* key : {"disturbance", "lost_meters", "details"}) EXPECT_FALSE(object.contains(key)) << key;
  EXPECT_EQ(object.at("steady"), true);
}

TEST(Codec, SettledOnlyWhenOk) {
  CaseRecord record;
  record.text = "gemm m=8 backend=x";
  record.problem = "gemm m=8";
  record.status = Status::failed;
  record.reason = "lost";
  json object = encode(record);
  EXPECT_EQ(object.at("status"), "failed");
  EXPECT_FALSE(object.contains("settled"));
  EXPECT_FALSE(object.contains("set_bytes"));
  EXPECT_EQ(decode<CaseRecord>(object, "").reason, "lost");
  record.status = Status::ok;
  record.settled = false;
  record.rounds = {short_round({1})};
  object = encode(record);
  EXPECT_EQ(object.at("settled"), false);
  EXPECT_FALSE(decode<CaseRecord>(object, "").settled);
}

TEST(Codec, UnloadedBackendNulls) {
  const json object =
      encode(BackendRecord{.name = "cuda", .version = "", .reason = "no device", .facts = {}, .device = {}});
  EXPECT_EQ(object.dump(), R"({"device":null,"facts":{},"name":"cuda","reason":"no device","version":null})");
  const auto backend = decode<BackendRecord>(object, "");
  EXPECT_FALSE(backend.device);
  EXPECT_FALSE(backend.on_accelerator());
  EXPECT_EQ(backend.version, "");
}

TEST(Codec, UnknownDeviceKind) {
  const json object = {{"kind", "quantum"},
                       {"name", "Q"},
                       {"memory_bytes", 1},
                       {"cache_bytes", 18446744073709551615U},
                       {"facts", {{"qubits", "7"}}}};
  const auto device = decode<DeviceRecord>(object, "");
  EXPECT_EQ(device.kind, RecordedDevice::other);
  EXPECT_EQ(encode(device), object);
  DeviceRecord opencl;
  opencl.kind = RecordedDevice::opencl;
  EXPECT_EQ(decode<DeviceRecord>(encode(opencl), "").kind, RecordedDevice::opencl);
}

TEST(Codec, OpenClOnTheCpuIsNoAccelerator) {
  const auto backend_on = [](RecordedDevice kind) {
    return BackendRecord{
        .name = "b", .version = "1", .reason = "", .facts = {}, .device = DeviceRecord{kind, "D", 1, 1, {}}};
  };
  const json device = encode(*backend_on(RecordedDevice::cpu_opencl).device);
  EXPECT_EQ(device.at("kind"), "cpu-opencl");
  EXPECT_EQ(decode<DeviceRecord>(device, "").kind, RecordedDevice::cpu_opencl);
  EXPECT_FALSE(backend_on(RecordedDevice::cpu_opencl).on_accelerator());
  EXPECT_TRUE(backend_on(RecordedDevice::cpu_opencl).queues_work());
  EXPECT_TRUE(backend_on(RecordedDevice::opencl).on_accelerator());
  EXPECT_TRUE(backend_on(RecordedDevice::other).on_accelerator());
  EXPECT_FALSE(backend_on(RecordedDevice::cpu).queues_work());
}

TEST(Codec, CeilingFindingMeterCacheFields) {
  const json ceilings = json::parse(R"([
      {"device": "CPU", "kind": "flops", "dtype": "f32", "value": 2.5e11, "unit": "FLOP/s", "how": "chains", "visits": 3,
       "undisturbed": 0},
      {"device": "CPU", "kind": "bandwidth", "level": "L2", "value": 1e10, "unit": "B/s", "how": "triad", "visits": 1},
      {"device": "CPU", "kind": "moon phase", "value": 1.0, "unit": "s", "how": "", "visits": 1}])");
  EXPECT_EQ(encode(decode<std::vector<CeilingRecord>>(ceilings, "")), ceilings);
  EXPECT_THROW(decode<CeilingRecord>({{"device", "CPU"}, {"kind", "flops"}, {"value", 0}, {"unit", "FLOP/s"}}, ""),
               ResultFileError);
  const json findings = {{{"severity", "serious"}, {"what", "w"}, {"do", "d"}},
                         {{"severity", "note"}, {"what", "w"}, {"do", ""}}};
  EXPECT_EQ(encode(decode<std::vector<FindingRecord>>(findings, "")), findings);
  const json meters = {
      {{"source", "rapl"}, {"usable", true}, {"name", "package-0"}, {"scope", "host"}, {"how", "1 ms"}},
      {{"source", "nvml"}, {"usable", false}, {"reason", "no driver"}}};
  EXPECT_EQ(encode(decode<std::vector<MeterRecord>>(meters, "")), meters);
  const json caches = {{{"type", "Data"}, {"level", 1}, {"size", 49152}, {"num_sharing", 2}}};
  EXPECT_EQ(encode(decode<std::vector<CacheRecord>>(caches, "")), caches);
}

TEST(Codec, SettingsFields) {
  const json object = {
      {"command", {"whygpu", "run"}}, {"sweep", "quick"},       {"threads", 2},       {"device", 1},
      {"sample_seconds", 0.5},        {"budget_seconds", 30.0}, {"every_case", true}, {"precision", 0.03},
      {"timeout_seconds", 7.0},       {"rounds", nullptr},      {"energy", true},     {"seed", 18446744073709551615U}};
  EXPECT_EQ(encode(decode<RunSettings>(object, "")), object);
  RunRecord run;
  run.started = "then";
  EXPECT_EQ(encode(run).at("finished"), nullptr);
  EXPECT_EQ(decode<RunRecord>(encode(run), "").finished, "");
}

TEST(Codec, EnvironmentNulls) {
  EnvironmentRecord environment;
  environment.host = "box";
  environment.cpus_online = environment.cpus_usable = 2;
  const json object = encode(environment);
  EXPECT_EQ(object.at("virtualization"), nullptr);
  for (const char* key : {"microcode", "governor", "quota", "turbo", "smt", "mhz"}) {
    EXPECT_EQ(object.at("cpu").at(key), nullptr) << key;
  }
  EXPECT_EQ(object.at("caches"), json::array());
  EXPECT_EQ(encode(decode<EnvironmentRecord>(object, "")), object);
}

TEST(Codec, ErrorLocation) {
  const auto complaint = [](const json& object) -> std::string {
    try {
      decode<RoundRecord>(object, "line 3");
    } catch (const ResultFileError& error) {
      return error.what();
    }
    return "accepted";
  };
  json object = encode(short_round({1, 2}));
  EXPECT_EQ(complaint(object), "accepted");
  object["samples_ns"][1] = -1;
  EXPECT_EQ(complaint(object), "line 3: samples_ns[1]: must be above 0");
  object["samples_ns"][1] = 1;
  object["batch"] = 1.5;
  EXPECT_THAT(complaint(object), HasSubstr("batch: must be an integer of at least 1"));
  object.erase("batch");
  EXPECT_THAT(complaint(object), HasSubstr("the key \"batch\" is missing"));
}

TEST(Codec, SyntheticFileRoundTrip) {
  SyntheticFile synthetic;
  synthetic.backend("naive").backend("cuda", "cuda");
  synthetic.ok(square_gemm(256), "naive", {10, 20, 30}, 3000);
  synthetic.not_ok(square_gemm(256), "cuda", "unsupported", "no device");
  const auto once = recoded(synthetic.file());
  EXPECT_EQ(recoded(parse_result_file(once.dump(), "synthetic.json")), once);
  ASSERT_EQ(once.at("benchmarks").size(), 1U);
  EXPECT_EQ(once.at("benchmarks")[0].at("real_time"), 20.0);
  EXPECT_EQ(once.at("benchmarks")[0].at("items_per_second"), 1.5e11);
}

}  // namespace
}  // namespace whygpu
