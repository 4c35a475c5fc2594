#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/regression/comparison/render_comparison.h"

namespace whygpu {

// `latency` in ns (the base's, times the paired change), and `change` in percent of time with its 95% interval: the
// latter is for alerts, since only pairs are comparable over time.
std::string render_comparison_bmf(const Comparison& comparison) {
  nlohmann::json document = nlohmann::json::object();
  for (const auto& c : comparison.cases) {
    if (!(c.head_ns > 0) || !c.judgement.change) continue;
    nlohmann::json& measures = document[c.text];
    measures["latency"] = {{"value", c.base_ns * std::exp(*c.judgement.change)}};
    measures["change"] = {{"value", percent(*c.judgement.change)}};
    if (const auto& interval = c.judgement.interval) {
      measures["latency"]["lower_value"] = c.base_ns * std::exp(interval->low);
      measures["latency"]["upper_value"] = c.base_ns * std::exp(interval->high);
      measures["change"]["lower_value"] = percent(interval->low);
      measures["change"]["upper_value"] = percent(interval->high);
    }
  }
  return document.dump(2) + "\n";
}

}  // namespace whygpu
