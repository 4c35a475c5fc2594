// Cheats of backends/testing/cheats.cpp pass the first check of their results and must not pass the audits.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "backends/loader.h"
#include "benchmarks/worker/measurement.h"

namespace whygpu {
namespace {

using testing::HasSubstr;

class Audit : public testing::Test {
 protected:
  // The verdict on a product of size³ after its samples.
  Verdict measure(const std::string& variant, AuditMode mode = AuditMode::one_sample, int size = 96,
                  const std::string& settings = "", int samples = 60) {
    const std::filesystem::path module = WHYGPU_BINARY_DIR "/tests/backends/cheats.so";
    const LoadedBackend backend(module, {1, 0});
    const Case c = parse_case(fmt::format("gemm m={0} n={0} k={0} variant={1} {2}", size, variant, settings));
    const auto trial = find_workload("gemm").prepare(c, *backend);
    trial->load(1);
    if (const Verdict verdict = trial->verify(); verdict.status != Status::ok) {
      return {verdict.status, "at first: " + verdict.reason};
    }
    Measurement measurement(*trial, backend->device(), sample_mode(c), 0.002, mode, 1);
    measurement.warm_up();
    for (int sample = 0; sample < samples; ++sample) measurement.sample();
    measurement.finish();
    EXPECT_THAT(trial->implementation(), HasSubstr(variant));  // waits for work that is still under way
    audits_ = measurement.round().details["audits"];
    return measurement.verdict();
  }

  void expect_caught(const std::string& variant, const std::string& reason, const std::string& settings = "") {
    const Verdict verdict = measure(variant, AuditMode::one_sample, 96, settings);
    EXPECT_EQ(verdict.status, Status::incorrect) << variant;
    EXPECT_THAT(verdict.reason, HasSubstr(reason)) << variant;
  }

  double audits_ = 0;
};

TEST_F(Audit, HonestBackendPasses) {
  EXPECT_EQ(measure("honest").reason, "");
  EXPECT_EQ(audits_, 3);  // a sample, one operation after it, and one after the last sample
  EXPECT_EQ(measure("honest", AuditMode::every_sample).reason, "");
  EXPECT_EQ(audits_, 2 * 60 + 1);
  EXPECT_EQ(measure("honest", AuditMode::one_sample, 48, "mode=cold").reason, "");
}

TEST_F(Audit, WrongLater) {
  expect_caught("garbage_later", "with other inputs: C[");
  expect_caught("rounded_later", "with other inputs: C[");
  expect_caught("garbage_later", "with other inputs: C[", "mode=cold");
}

TEST_F(Audit, LessWorkLater) {
  expect_caught("half_later", "with other inputs: C[");
  expect_caught("first_call_only", "with other inputs: C[");
  expect_caught("works_on_poison_only", "with other inputs: C[");
}

TEST_F(Audit, ResultsCachedByAddress) { expect_caught("caches_by_address", "with other inputs: C["); }

// The audited sample is never reached.
TEST_F(Audit, FewSamples) {
  EXPECT_THAT(measure("caches_by_address", AuditMode::one_sample, 96, "", 0).reason,
              HasSubstr("after the last sample: "));
  EXPECT_EQ(measure("honest", AuditMode::one_sample, 96, "", 0).reason, "");
}

TEST_F(Audit, WorkAfterTheClockStopped) { expect_caught("finishes_later", ": C["); }

TEST_F(Audit, DamageAtFirst) {
  EXPECT_THAT(measure("overwrites_input").reason, HasSubstr("at first: argument 0, an input, was overwritten"));
  EXPECT_THAT(measure("writes_past_the_end").reason, HasSubstr("at first: memory next to argument 2 was overwritten"));
}

TEST_F(Audit, OneElementOfMany) {
  EXPECT_THAT(measure("one_element", AuditMode::every_sample, 160).reason, HasSubstr("C[53][53] is "));
}

}  // namespace
}  // namespace whygpu
