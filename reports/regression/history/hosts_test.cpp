#include "reports/regression/history/hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "reports/regression/statistics/paired.h"

namespace whygpu {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Comparison measured_on(const std::string& cpu, std::vector<ComparedDevice> devices = {}) {
  Comparison comparison;
  comparison.machine = cpu + ", 4 of 8 CPUs, cublas on cuda";
  comparison.environment.emplace().cpu_model = cpu;
  comparison.devices = std::move(devices);
  return comparison;
}

TEST(MachineKind, CpuAndItsInstructionSets) {
  Comparison a = measured_on("a CPU"), b = measured_on("a CPU");
  b.machine = "a CPU, 8 of 8 CPUs";
  EXPECT_EQ(machine_kind(a, "gemm m=1 backend=naive"), machine_kind(b, "gemm m=1 backend=naive"));
  b.environment->isa = {"avx2"};
  EXPECT_NE(machine_kind(a, "gemm m=1 backend=naive"), machine_kind(b, "gemm m=1 backend=naive"));
}

TEST(MachineKind, DeviceOfTheBackend) {
  const Comparison a = measured_on("a CPU", {{"cublas", "cuda", "GPU 1"}});
  const Comparison b = measured_on("a CPU", {{"cublas", "cuda", "GPU 2"}});
  EXPECT_EQ(machine_kind(a, "gemm m=1 backend=naive"), machine_kind(b, "gemm m=1 backend=naive"));
  EXPECT_NE(machine_kind(a, "gemm backend=cublas m=1"), machine_kind(b, "gemm backend=cublas m=1"));
}

TEST(MachineKind, UnknownMachine) {
  Comparison comparison = measured_on("a CPU");
  EXPECT_EQ(machine_kind(comparison, "gemm backend=cublas"), comparison.machine) << "which GPU was not recorded";
  comparison.environment.reset();
  EXPECT_EQ(machine_kind(comparison, "gemm backend=naive"), comparison.machine);
}

Link step_of(std::vector<double> log_ratios, std::int64_t added = 1) {
  Link link;
  link.base = "a", link.head = "b";
  link.log_ratios = std::move(log_ratios);
  link.added = added;
  return link;
}

Series series_of(std::vector<Link> links) {
  Series series;
  series.links = std::move(links);
  return series;
}

TEST(JoinHosts, OneHostUnchanged) {
  const std::vector<double> d = {0.01, 0.02, 0.03, 0.02, 0.05};
  const Series joined = join_hosts({series_of({step_of(d)})});
  const auto estimate = estimate_step(joined.links[0], joined.host_variance);
  EXPECT_DOUBLE_EQ(estimate.step, hodges_lehmann(d));
  EXPECT_DOUBLE_EQ(estimate.error, scatter(d) / std::sqrt(kEfficiency * 5));
}

TEST(JoinHosts, OrderOfFirstAddition) {
  Link later = step_of({0.1}, 7);
  later.head = "aa";  // before the other in alphabetical order
  const Series joined = join_hosts({series_of({step_of({0.1}, 5), later}), series_of({step_of({0.2, 0.3}, 9)})});
  ASSERT_THAT(joined.links, SizeIs(2));
  EXPECT_EQ(joined.links[0].head, "b");
  EXPECT_THAT(joined.links[0].log_ratios, ElementsAre(0.1, 0.2, 0.3));
  EXPECT_THAT(joined.links[0].per_host, ElementsAre(1, 2));
}

TEST(JoinHosts, IdenticalCodeOnOneHost) {
  const Series joined = join_hosts({series_of({step_of({})}), series_of({step_of({0.1, 0.1, 0.1})})});
  const auto estimate = estimate_step(joined.links[0], joined.host_variance);
  EXPECT_DOUBLE_EQ(estimate.step, 0.1);
  EXPECT_NEAR(estimate.error, 0, 1e-6);
}

// One pair on each host still tells how far the hosts are apart.
TEST(JoinHosts, SinglePairs) {
  const Series joined = join_hosts({series_of({step_of({0.01})}), series_of({step_of({0.03})})});
  const auto estimate = estimate_step(joined.links[0], joined.host_variance);
  EXPECT_NEAR(estimate.step, 0.02, 1e-9);
  EXPECT_NEAR(estimate.error, 0.01, 1e-6);
}

// The standard error of steps against their deviation from the truth: hosts whose own steps scatter by `between`, 40
// steps a series, of which every second one was measured by a single host.
double error_over_deviation(double between, bool as_one_sample) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  double squares = 0, errors = 0;
  for (int trial = 0; trial < 100; ++trial) {
    std::vector<Series> hosts(4);
    for (int step = 0; step < 40; ++step) {
      const std::size_t measuring = step % 2 == 0 ? 4 : 1;
      for (std::size_t host = 0; host < measuring; ++host) {
        const double own = between * normal(random);
        std::vector<double> d;
        for (std::size_t pair = 0; pair < 6 + 6 * host; ++pair) d.push_back(own + 0.01 * normal(random));
        Link link = step_of(d, step);
        link.head = std::to_string(step);
        hosts[host].links.push_back(link);
      }
    }
    Series joined = join_hosts(hosts);
    for (Link& link : joined.links) {
      if (as_one_sample) link.per_host.clear();
      const auto estimate = estimate_step(link, as_one_sample ? 0 : joined.host_variance);
      squares += estimate.step * estimate.step;
      errors += estimate.error * estimate.error;
    }
  }
  return std::sqrt(errors / squares);
}

TEST(EstimateStep, ErrorAsLargeAsDeviations) {
  EXPECT_NEAR(error_over_deviation(0, false), 1, 0.12);
  EXPECT_NEAR(error_over_deviation(0.01, false), 1, 0.12);
  EXPECT_NEAR(error_over_deviation(0.03, false), 1, 0.12);
  EXPECT_LT(error_over_deviation(0.03, true), 0.3) << "pairs of several hosts are not one sample";
}

}  // namespace
}  // namespace whygpu
