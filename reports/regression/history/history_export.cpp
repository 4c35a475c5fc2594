#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/regression/history/hosts.h"
#include "reports/regression/history/render_history.h"
#include "reports/regression/history/store.h"

namespace whygpu {
namespace {

// In the order of the documentation.
using nlohmann::ordered_json;

ordered_json columns_of(const Comparison& comparison, const StoredCase& c) {
  const auto revision = [](const BuildRecord& build) { return build.revision.empty() ? build.name : build.revision; };
  const auto& environment = comparison.environment;
  ordered_json devices = ordered_json::array();
  for (const auto& device : comparison.devices) devices.push_back(device.name);
  return {{"comparison", c.comparison},
          {"base", revision(comparison.base)},
          {"head", revision(comparison.head)},
          {"started", comparison.started},
          {"finished", comparison.finished},
          {"machine", comparison.machine},
          {"kind", machine_kind(comparison, c.text)},
          {"host", environment ? ordered_json(environment->host) : ordered_json()},
          {"cpu", environment ? ordered_json(environment->cpu_model) : ordered_json()},
          {"devices", devices},
          {"threads", comparison.threads},
          {"simulated", comparison.simulated},
          {"case", c.text},
          {"verdict", c.verdict},
          {"base_code", c.base_code},
          {"head_code", c.head_code}};
}

}  // namespace

void export_history(const History& history, const std::string& pattern,
                    const std::function<void(const std::string& line)>& write) {
  history.each_case([&](const Comparison& comparison, const StoredCase& c) {
    if (!matches(pattern, c.text)) return;
    ordered_json line = columns_of(comparison, c);
    for (const char* key : {"pair", "pair_started", "head_first", "base_ns", "head_ns", "log_ratio"})
      line[key] = nullptr;
    for (const char* key : {"base_samples_ns", "head_samples_ns"}) line[key] = ordered_json::array();

    const auto pairs = nlohmann::json::parse(c.pairs);
    if (pairs.empty()) write(line.dump());
    int number = 0;
    for (const auto& recorded : pairs) {
      const Pair pair{recorded.at("started"), recorded.at("head_first"), recorded.at("base_ns"),
                      recorded.at("head_ns")};
      line["pair"] = ++number;
      line["pair_started"] = pair.started;
      line["head_first"] = pair.head_first;
      line["base_ns"] = std::ranges::min(pair.base_ns);
      line["head_ns"] = std::ranges::min(pair.head_ns);
      line["log_ratio"] = pair.log_ratio();
      line["base_samples_ns"] = pair.base_ns;
      line["head_samples_ns"] = pair.head_ns;
      write(line.dump());
    }
  });
}

}  // namespace whygpu
