#include "benchmarks/runner/plan.h"

#include <gtest/gtest.h>

namespace whygpu {
namespace {

// A backend that is not there is unsupported; one that crashed must not end a run with success.
TEST(Plan, RefusalsOfMissingAndCrashedBackends) {
  PlannedRun planned;
  planned.cases = {parse_case("gemm m=8 n=8 k=8 backend=missing"), parse_case("gemm m=8 n=8 k=8 backend=killed"),
                   parse_case("gemm m=8 n=8 k=8 backend=fine")};
  planned.facts.backends = {{.name = "missing", .reason = "no such library"},
                            {.name = "killed", .reason = "worker ended with signal 9", .crashed = true},
                            {.name = "fine", .device = DeviceRecord{}}};
  const auto refusals = planned.refusals();
  ASSERT_EQ(refusals.size(), 2U);
  EXPECT_EQ(refusals[0].status, Status::unsupported);
  EXPECT_EQ(refusals[0].reason, "no such library");
  EXPECT_EQ(refusals[1].status, Status::failed);
}

TEST(Plan, OpenClOnTheCpuRunsOnRequestOnly) {
  const DeviceRecord pocl{RecordedDevice::cpu_opencl, "OpenCL on the CPU (PoCL)", 1, 1, {}};
  const std::vector<BackendRecord> found = {{.name = "naive", .device = DeviceRecord{}},
                                            {.name = "clblast", .version = "CLBlast 1", .device = pocl}};
  auto backends = found;
  leave_out_cpu_opencl(backends, {parse_case("gemm m=8"), parse_case("gemm m=9 backend=naive")});
  EXPECT_TRUE(backends[0].usable());
  EXPECT_FALSE(backends[1].usable());
  EXPECT_EQ(excluded_backend_lines(backends),
            std::vector<std::string>{"clblast is left out: OpenCL on the CPU (PoCL) checks code and is no rival of "
                                     "others; --backend runs it"});
  backends = found;
  leave_out_cpu_opencl(backends, {parse_case("gemm m=8"), parse_case("gemm m=9 backend=clblast")});
  EXPECT_TRUE(backends[1].usable());
}

TEST(Plan, HeaderIsReadAsWritten) {
  PlannedRun planned;
  planned.cases = {parse_case("gemm m=8 n=8 k=8 backend=naive")};
  planned.facts.backends = {{.name = "naive", .device = DeviceRecord{}}};
  planned.facts.environment.cpus_online = planned.facts.environment.cpus_usable = 2;
  planned.facts.run.started = "2026-01-01T00:00:00Z";
  EXPECT_EQ(PlannedRun::from_header(planned.header(), "a.journal").header(), planned.header());
}

TEST(Plan, DamagedHeader) {
  const auto complaint = [](const nlohmann::json& header) {
    try {
      PlannedRun::from_header(header, "a.journal");
    } catch (const CaseError& error) {
      return std::string(error.what());
    } catch (const ResultFileError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  for (const auto& other : {nlohmann::json(5), nlohmann::json::array(), nlohmann::json{{"event", 5}}}) {
    EXPECT_EQ(complaint(other), "a.journal: holds no run; start again with --force");
  }
  EXPECT_EQ(complaint({{"event", "run"}}),
            "a.journal: damaged, start again with --force: the key \"settings\" is missing");
}

}  // namespace
}  // namespace whygpu
