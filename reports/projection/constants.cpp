#include "reports/projection/constants.h"

#include <stdexcept>

#include "reports/page/embedded.h"
#include "reports/results/json_node.h"

namespace whygpu::projection {

const Constants& Constants::standard() {
  static const Constants constants = parse(page_file("constants.json"), "constants.json");
  return constants;
}

Constants Constants::parse(std::string_view json, const std::string& name) {
  const JsonNode::Complain complain = [&](const std::string& what) { throw std::runtime_error(name + ": " + what); };
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (parsed.is_discarded()) complain("is not JSON");
  const JsonNode root(parsed, complain);
  Constants constants;
  root["constants"].each([&](const JsonNode& node) {
    constants.all_.push_back({node["name"].text(), node["value"].positive(), node["unit"].text(),
                              node["meaning"].text(), node["source"].text(), node["fitted"].flag()});
    const auto start = node.find("start");
    constants.all_.back().start = start ? start->positive() : constants.all_.back().value;
  });
  root["bands"].each_member([&](const std::string& kind, const JsonNode& node) {
    constants.bands[kind] = {node["low"].positive(), node["high"].positive()};
  });
  return constants;
}

std::string Constants::json() const {
  using Json = nlohmann::ordered_json;
  Json root;
  root["about"] =
      "Constants of the projection model (reports/README.md). ci/fit-projection writes this file. A 90% band is the "
      "projected time multiplied by low and by high.";
  for (const auto& each : all_) {
    root["constants"].push_back({{"name", each.name},
                                 {"value", each.value},
                                 {"unit", each.unit},
                                 {"fitted", each.fitted},
                                 {"meaning", each.meaning},
                                 {"source", each.source}});
    if (each.fitted) root["constants"].back()["start"] = each.start;
  }
  root["bands"] = Json::object();
  for (const auto& [kind, band] : bands) root["bands"][kind] = {{"low", band.low}, {"high", band.high}};
  return root.dump(2) + "\n";
}

std::size_t Constants::index_of(std::string_view name) const {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i].name == name) return i;
  }
  throw std::out_of_range("no constant " + std::string(name));
}

}  // namespace whygpu::projection
