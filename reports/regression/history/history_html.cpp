#include "reports/regression/history/render_history.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/regression/gate/judgement.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

constexpr double kWidth = 720, kHeight = 80, kMargin = 6;

// Maps levels to coordinates; equal levels are drawn in the middle.
struct Frame {
  double low = 0, high = 0;
  std::size_t count = 0;

  double x(std::size_t i) const {
    return kMargin +
           (kWidth - 2 * kMargin) * static_cast<double>(i) / static_cast<double>(std::max<std::size_t>(count, 2) - 1);
  }
  double y(double value) const {
    const double height = high > low ? (value - low) / (high - low) : 0.5;
    return kHeight - kMargin - (kHeight - 2 * kMargin) * height;
  }
};

std::string change_text(const LevelChange& change) {
  return fmt::format("{} since {}{}", percent_text(change.size), change.first_after.substr(0, 12),
                     change.accepted ? ", accepted: " + change.accepted->reason : "");
}

std::string drawing(const std::vector<Level>& levels, const Frame& frame,
                    const std::vector<const LevelChange*>& changes) {
  std::string points, marks;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    points += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", frame.x(i), frame.y(levels[i].value));
    for (const LevelChange* change : changes) {
      if (change->first_after != levels[i].revision) continue;
      marks += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"none\" "
          "stroke=\"currentColor\"><title>{}</title></circle>",
          frame.x(i), frame.y(levels[i].value), escape_html(change_text(*change)));
    }
  }
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" width=\"100%\" role=\"img\" aria-label=\"time of each revision\">"
      "<polyline points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/>{}</svg>\n",
      kWidth, kHeight, points, marks);
}

}  // namespace

std::string render_history_html(std::span<const Series> all, std::span<const LevelChange> changes) {
  std::string html;
  for (const Series& series : all) {
    const auto levels = chain(series);
    const auto [low, high] = std::minmax_element(levels.begin(), levels.end(),
                                                 [](const Level& a, const Level& b) { return a.value < b.value; });
    std::vector<const LevelChange*> own;
    for (const LevelChange& change : changes) {
      if (change.key == series.key) own.push_back(&change);
    }
    const bool simulated =
        std::any_of(series.links.begin(), series.links.end(), [](const Link& link) { return link.simulated; });
    html += fmt::format(
        "<h3><code>{}</code></h3>\n<p class=\"note\">{}, {}{}. {} from {} to {}, time {} to {} of the first.</p>\n",
        escape_html(series.key.text), count_of(static_cast<std::size_t>(series.key.threads), "thread"),
        escape_html(series.key.machine), simulated ? ", <strong>SIMULATED</strong>" : "",
        count_of(levels.size(), "revision"), escape_html(levels.front().revision.substr(0, 12)),
        escape_html(levels.back().revision.substr(0, 12)), percent_text(low->value), percent_text(high->value));
    html += drawing(levels, {low->value, high->value, levels.size()}, own);
    for (const LevelChange* change : own) html += fmt::format("<p>{}</p>\n", escape_html(change_text(*change)));
  }
  return html;
}

}  // namespace whygpu
