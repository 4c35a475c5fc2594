#include "reports/catalogue/catalogue.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "reports/page/embedded.h"
#include "reports/results/json_node.h"

namespace whygpu {
namespace {

std::optional<double> positive_in(const JsonNode& node, std::string_view key) {
  const auto child = node.find(key);
  if (!child) return std::nullopt;
  return child->positive();
}

// Names of generations are compared by programs: "ampere", "zen4", "golden-cove".
std::string generation_in(const JsonNode& node) {
  const auto child = node.find("generation");
  if (!child) return {};
  std::string name = child->text();
  const auto accepted = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (name.empty() || !std::ranges::all_of(name, accepted))
    child->fail("must be lower-case letters, digits and '-', such as \"ampere\" or \"zen4\"");
  return name;
}

std::string month_in(const JsonNode& node, std::string_view key) {
  const auto child = node.find(key);
  if (!child) return {};
  std::string month = child->text();
  const auto digits = [&](std::size_t from, std::size_t count) {
    return std::ranges::all_of(month.substr(from, count), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (month.size() != 7 || !digits(0, 4) || month[4] != '-' || !digits(5, 2) || month.substr(5) < "01" ||
      month.substr(5) > "12")
    child->fail("must be a month as YYYY-MM, such as \"2022-10\"");
  return month;
}

// Reports add and compare prices, so other currencies are not accepted.
void need_dollars(const JsonNode& node) {
  const auto currency = node.find("currency");
  if (currency && currency->text() != "USD")
    currency->fail("must be \"USD\": convert the price, all reports are in US dollars");
}

std::vector<std::string> texts_of(const JsonNode& node) {
  std::vector<std::string> texts;
  node.each([&](const JsonNode& item) { texts.push_back(item.text()); });
  return texts;
}

bool has_value(const CatalogueDevice& device) {
  return !device.flops.empty() || device.bandwidth || device.memory_bytes || device.power_watts ||
         device.launch_price_usd || !device.generation.empty() || device.multiprocessors || device.boost_clock_hz ||
         device.l2_bytes || device.pcie_bytes_per_second || !device.launched.empty();
}

CatalogueDevice device_of(const JsonNode& node) {
  CatalogueDevice device;
  device.name = node["name"].text();
  if (const auto match = node.find("match")) device.match = texts_of(*match);
  device.kind = node["kind"].one_of<CatalogueKind>();
  if (const auto flops = node.find("flops")) {
    flops->each_member([&](const std::string& dtype, const JsonNode&) {
      if (const auto peak = positive_in(*flops, dtype)) device.flops[dtype] = *peak;
    });
  }
  device.bandwidth = positive_in(node, "bandwidth");
  device.memory_bytes = positive_in(node, "memory_bytes");
  device.power_watts = positive_in(node, "power_watts");
  device.launch_price_usd = positive_in(node, "launch_price_usd");
  need_dollars(node);
  device.generation = generation_in(node);
  if (const auto count = node.find("multiprocessors")) device.multiprocessors = count->whole<int>(1);
  device.boost_clock_hz = positive_in(node, "boost_clock_hz");
  device.l2_bytes = positive_in(node, "l2_bytes");
  device.pcie_bytes_per_second = positive_in(node, "pcie_bytes_per_second");
  device.launched = month_in(node, "launched");
  device.note = node.text_or_empty("note");
  if (const auto sources = node.find("sources")) {
    sources->each([&](const JsonNode& source) {
      device.sources.push_back(
          {texts_of(source["fields"]), source["url"].text(), source["read"].text(), source.text_or_empty("derived")});
    });
  }
  if (has_value(device) && device.sources.empty())
    node.fail("needs at least one source of its values (fields, url, read)");
  return device;
}

}  // namespace

Catalogue Catalogue::standard() {
  Catalogue catalogue;
  catalogue.add_text(page_file("devices.json"), "devices.json");
  return catalogue;
}

void Catalogue::add(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw CatalogueError(file.string() + ": cannot be opened");
  add_text(std::string{std::istreambuf_iterator<char>(stream), {}}, file.string());
}

void Catalogue::add_text(std::string_view json_text, const std::string& name) {
  const JsonNode::Complain complain = [&](const std::string& what) { throw CatalogueError(name + ": " + what); };
  const auto json = nlohmann::json::parse(json_text, nullptr, false);
  if (json.is_discarded()) complain("is not JSON");
  const JsonNode root(json, complain);
  if (root["schema"].integer_from(1) != 1) root["schema"].fail("this whygpu reads schema 1");
  root["devices"].each([&](const JsonNode& node) {
    CatalogueDevice device = device_of(node);
    std::erase_if(devices_, [&](const CatalogueDevice& old) { return old.name == device.name; });
    devices_.push_back(std::move(device));
  });
}

const CatalogueDevice* Catalogue::find(std::string_view reported) const {
  const auto found = std::ranges::find_if(devices_, [&](const CatalogueDevice& device) {
    return device.name == reported || std::ranges::find(device.match, reported) != device.match.end();
  });
  return found == devices_.end() ? nullptr : &*found;
}

std::optional<double> Catalogue::fraction_of_nominal(const CeilingRecord& ceiling) const {
  const CatalogueDevice* device = find(ceiling.device);
  if (device == nullptr) return std::nullopt;
  if (ceiling.kind == CeilingKind::bandwidth && ceiling.level == "memory" && device->bandwidth)
    return ceiling.value / *device->bandwidth;
  const auto peak = device->flops.find(ceiling.dtype);
  if (ceiling.kind == CeilingKind::flops && peak != device->flops.end()) return ceiling.value / peak->second;
  return std::nullopt;
}

}  // namespace whygpu
