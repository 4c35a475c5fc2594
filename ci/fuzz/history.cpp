// `whygpu history`: comparisons that can be read can be written and added, and the history shown in every form.
#include "reports/regression/history/history.h"

#include <nlohmann/json.hpp>

#include "ci/fuzz/fuzz.h"
#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/history/render_history.h"

namespace whygpu {
namespace {

void show(const History& history) {
  const auto all = history.series();
  const auto revisions = history.revisions();
  const std::vector<Acceptance> accepted = {{revisions.back(), "*gemm*backend=*", "expected", "2026-01-01"}};
  const auto changes = find_changes(all, accepted, 0.01);
  render_history_check(all, changes);
  render_history_log(all, changes, {});
  render_history_show(all, revisions.front());
  render_history_html(all, changes);
  history_log_json(all, changes).dump();
  const auto kinds = history.series(Grouping::kind);
  history_log_json(kinds, find_changes(kinds, accepted, 0.01)).dump();
  export_history(history, "*", [](const std::string& line) { expect(!line.empty(), "a line for every pair"); });
}

}  // namespace
}  // namespace whygpu

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  std::vector<Comparison> comparisons;
  try {
    comparisons = parse_comparisons(text_of(bytes, size), "fuzz.json");
  } catch (const std::runtime_error&) {
    return 0;
  }
  History history(":memory:", History::Access::create);
  for (const auto& comparison : comparisons) {
    const std::string written = to_json(comparison).dump();
    expect(to_json(parse_comparisons(written, "fuzz.json").at(0)).dump() == written,
           "a written comparison is read as the same");
    try {
      history.add(comparison);
    } catch (const HistoryError&) {  // builds without a name
    }
  }
  if (history.comparisons() > 0) show(history);
  return 0;
}
