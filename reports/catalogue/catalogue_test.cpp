#include "reports/catalogue/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "reports/catalogue/costs.h"

namespace whygpu {
namespace {

using testing::HasSubstr;

TEST(Catalogue, CommonAccelerators) {
  const Catalogue catalogue = Catalogue::standard();
  for (const char* name :
       {"NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe", "NVIDIA H200", "NVIDIA A100-SXM4-40GB", "NVIDIA A100 80GB PCIe",
        "NVIDIA L4", "NVIDIA L40S", "NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 3070",
        "NVIDIA GeForce RTX 2080 Ti", "Tesla T4", "Tesla V100-SXM2-16GB", "AMD Radeon VII"}) {
    const CatalogueDevice* device = catalogue.find(name);
    ASSERT_NE(device, nullptr) << name;
    EXPECT_TRUE(device->flops.contains("f32")) << name;
    EXPECT_TRUE(device->bandwidth) << name;
  }
  EXPECT_EQ(catalogue.find("Tesla K80"), nullptr);
  EXPECT_EQ(catalogue.find("NVIDIA H100 80GB HBM3")->flops.at("bf16"), 989.5e12);
  EXPECT_EQ(catalogue.find("NVIDIA GeForce RTX 3090")->launch_price_usd, 1499);
}

// A field counts as sourced when a source names it, or its group ("flops" for "flops.f32").
TEST(Catalogue, ValuesHaveSources) {
  const Catalogue catalogue = Catalogue::standard();
  for (const auto& device : catalogue.devices()) {
    const auto sourced = [&](const std::string& field) {
      for (const auto& source : device.sources) {
        for (const auto& named : source.fields) {
          if (field == named || field.starts_with(named + ".")) return true;
        }
      }
      return false;
    };
    for (const auto& [dtype, peak] : device.flops)
      EXPECT_TRUE(sourced("flops." + dtype)) << device.name << ' ' << dtype;
    EXPECT_TRUE(!device.bandwidth || sourced("bandwidth")) << device.name;
    EXPECT_TRUE(!device.memory_bytes || sourced("memory_bytes")) << device.name;
    EXPECT_TRUE(!device.power_watts || sourced("power_watts")) << device.name;
    EXPECT_TRUE(!device.launch_price_usd || sourced("launch_price_usd")) << device.name;
    EXPECT_TRUE(device.generation.empty() || sourced("generation")) << device.name;
    EXPECT_TRUE(!device.multiprocessors || sourced("multiprocessors")) << device.name;
    EXPECT_TRUE(!device.boost_clock_hz || sourced("boost_clock_hz")) << device.name;
    EXPECT_TRUE(!device.l2_bytes || sourced("l2_bytes")) << device.name;
    EXPECT_TRUE(!device.pcie_bytes_per_second || sourced("pcie_bytes_per_second")) << device.name;
    EXPECT_TRUE(device.launched.empty() || sourced("launched")) << device.name;
    for (const auto& source : device.sources) {
      EXPECT_THAT(source.url, testing::StartsWith("https://"));
      EXPECT_EQ(source.read.size(), 10U) << device.name;
    }
  }
}

class UserFile : public testing::Test {
 protected:
  std::string complaint(const std::string& content) {
    std::ofstream(file_) << content;
    try {
      catalogue_.add(file_);
    } catch (const CatalogueError& error) {
      return error.what();
    }
    return {};
  }
  std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / "whygpu_user_devices.json";
  Catalogue catalogue_ = Catalogue::standard();
};

TEST_F(UserFile, AddsAndReplaces) {
  const std::size_t before = catalogue_.devices().size();
  EXPECT_EQ(complaint(R"({"schema": 1, "devices": [
      {"name": "Our GPU", "match": ["X1"], "kind": "gpu", "flops": {"f32": 1e12, "bf16": null},
       "sources": [{"fields": ["flops"], "url": "https://example.org", "read": "2026-01-31"}]},
      {"name": "NVIDIA L4", "kind": "gpu"}]})"),
            "");
  EXPECT_EQ(catalogue_.devices().size(), before + 1);
  EXPECT_EQ(catalogue_.find("X1")->flops.size(), 1U);
  EXPECT_FALSE(catalogue_.find("NVIDIA L4")->bandwidth);
}

TEST_F(UserFile, FieldsOfTheModel) {
  EXPECT_EQ(complaint(R"({"schema": 1, "devices": [
      {"name": "Our GPU", "kind": "gpu", "generation": "xe2", "multiprocessors": 20, "boost_clock_hz": 2.67e9,
       "l2_bytes": 18874368, "pcie_bytes_per_second": 1.6e10, "launched": "2024-12", "launch_price_usd": 249,
       "currency": "USD", "sources": [{"fields": ["generation"], "url": "https://example.org", "read": "2026-01-31"}]},
      {"name": "Nothing known", "kind": "gpu", "generation": null, "multiprocessors": null, "boost_clock_hz": null,
       "l2_bytes": null, "pcie_bytes_per_second": null, "launched": null}]})"),
            "");
  const CatalogueDevice* device = catalogue_.find("Our GPU");
  EXPECT_EQ(device->generation, "xe2");
  EXPECT_EQ(device->multiprocessors, 20);
  EXPECT_EQ(device->boost_clock_hz, 2.67e9);
  EXPECT_EQ(device->l2_bytes, 18 * 1048576);
  EXPECT_EQ(device->pcie_bytes_per_second, 1.6e10);
  EXPECT_EQ(device->launched, "2024-12");
  const CatalogueDevice* unknown = catalogue_.find("Nothing known");
  EXPECT_TRUE(unknown->generation.empty());
  EXPECT_FALSE(unknown->multiprocessors);
  EXPECT_TRUE(unknown->launched.empty());
}

TEST_F(UserFile, WrongFieldsOfTheModel) {
  const auto complaint_about = [&](const std::string& field) {
    return complaint(R"({"schema": 1, "devices": [{"name": "a", "kind": "gpu", )" + field + "}]}");
  };
  for (const char* field : {"boost_clock_hz", "l2_bytes", "pcie_bytes_per_second"}) {
    EXPECT_THAT(complaint_about('"' + std::string(field) + R"(": 0)"),
                HasSubstr("whygpu_user_devices.json: devices[0]." + std::string(field) + ": must be above 0"));
    EXPECT_THAT(complaint_about('"' + std::string(field) + R"(": "1 GHz")"), HasSubstr("must be a number"));
  }
  for (const char* count : {"0", "-3", "1.5", "1e12", R"("80")"}) {
    EXPECT_THAT(complaint_about(R"("multiprocessors": )" + std::string(count)),
                HasSubstr("devices[0].multiprocessors: must be an integer of at least 1"))
        << count;
  }
  for (const char* month :
       {"2022", "2022-13", "2022-00", "2022-1", "22-10-01", "2022/10", "2022-10-12", "Q4 2022", ""}) {
    EXPECT_THAT(complaint_about(R"("launched": ")" + std::string(month) + '"'),
                HasSubstr("devices[0].launched: must be a month as YYYY-MM"))
        << month;
  }
  EXPECT_THAT(complaint_about(R"("launched": 2022)"), HasSubstr("devices[0].launched: must be a string"));
  for (const char* name : {"", "Ampere", "zen 4"}) {
    EXPECT_THAT(complaint_about(R"("generation": ")" + std::string(name) + '"'),
                HasSubstr("devices[0].generation: must be lower-case letters"))
        << name;
  }
  EXPECT_THAT(complaint_about(R"("launch_price_usd": 1, "currency": "EUR")"),
              HasSubstr("devices[0].currency: must be \"USD\""));
  EXPECT_THAT(complaint_about(R"("multiprocessors": 1)"), HasSubstr("needs at least one source"));
}

TEST_F(UserFile, Errors) {
  EXPECT_THAT(complaint("{"), HasSubstr("is not JSON"));
  EXPECT_THAT(complaint(R"({"schema": 2, "devices": []})"), HasSubstr("reads schema 1"));
  EXPECT_THAT(complaint(R"({"schema": 1, "devices": [{"kind": "gpu"}]})"), HasSubstr("devices[0]: the key \"name\""));
  EXPECT_THAT(complaint(R"({"schema": 1, "devices": [{"name": "a", "kind": "tpu"}]})"), HasSubstr("gpu or cpu"));
  EXPECT_THAT(complaint(R"({"schema": 1, "devices": [{"name": "a", "kind": "gpu", "bandwidth": -1}]})"),
              HasSubstr("devices[0].bandwidth"));
  EXPECT_THAT(complaint(R"({"schema": 1, "devices": [{"name": "a", "kind": "gpu", "bandwidth": 1}]})"),
              HasSubstr("source"));
  EXPECT_THROW(catalogue_.add("/no/such/file"), CatalogueError);
}

TEST(Catalogue, FractionOfNominal) {
  const auto catalogue = Catalogue::standard();
  CeilingRecord ceiling{"NVIDIA L4", CeilingKind::bandwidth, "", "memory", 150e9, "B/s", ""};
  EXPECT_DOUBLE_EQ(catalogue.fraction_of_nominal(ceiling).value(), 0.5);  // of 300 GB/s
  ceiling.level = "L2";
  EXPECT_FALSE(catalogue.fraction_of_nominal(ceiling));
  EXPECT_FALSE(catalogue.fraction_of_nominal({"Unknown CPU", CeilingKind::flops, "f32", "", 1, "FLOP/s", ""}));
}

TEST(Costs, PriceRentPower) {
  EXPECT_EQ(dollars_per_gflops(1500, 3e12), 0.5);
  EXPECT_FALSE(dollars_per_gflops(std::nullopt, 3e12));

  EXPECT_DOUBLE_EQ(cost_of_operation({.hourly = 3.6}, 2, 1e9)->dollars, 0.002);
  const double owned = cost_of_operation({.device = 94672.8}, 1000, 1e6)->dollars;  // 94,672,800 s in 3 years
  EXPECT_DOUBLE_EQ(owned, 1.0);
  const auto with_energy = cost_of_operation({.device = 94672.8, .kwh = 0.36}, 1000, 1e6);
  EXPECT_DOUBLE_EQ(with_energy->dollars, 1.1);
  EXPECT_THAT(with_energy->how, HasSubstr("measured energy"));
  EXPECT_THAT(cost_of_operation({.device = 1, .kwh = 0.3}, 1, std::nullopt)->how, HasSubstr("not measured"));
  EXPECT_FALSE(cost_of_operation({.kwh = 0.3}, 1, 1));
  EXPECT_DOUBLE_EQ(cost_of_operation({.hourly = 3.6}, 0.001, std::nullopt)->dollars, 1e-6);
}

}  // namespace
}  // namespace whygpu
