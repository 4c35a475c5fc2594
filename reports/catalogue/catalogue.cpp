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

std::vector<std::string> texts_of(const JsonNode& node) {
  std::vector<std::string> texts;
  node.each([&](const JsonNode& item) { texts.push_back(item.text()); });
  return texts;
}

bool has_value(const CatalogueDevice& device) {
  return !device.flops.empty() || device.bandwidth || device.memory_bytes || device.power_watts ||
         device.launch_price_usd;
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
