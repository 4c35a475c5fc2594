#include "tools/pictures.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "benchmarks/machine/temporary_folder.h"
#include "benchmarks/runner/child_process.h"
#include "reports/charts/chart_data.h"
#include "reports/page/page.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;

std::string find_chromium() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}) {
    if (run_program({name, "--version"}).status == 0) return name;
  }
  throw std::runtime_error("pictures need Chromium: apt-get install chromium (or install Google Chrome)");
}

void take_picture(const std::string& chromium, const fs::path& profile, const std::string& address,
                  const fs::path& to) {
  // A root user's Chromium starts only without its sandbox; the page is our own and may load nothing.
  const auto result = run_program({chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                                   "--user-data-dir=" + profile.string(), "--window-size=960,640",
                                   "--force-device-scale-factor=2", "--run-all-compositor-stages-before-draw",
                                   "--virtual-time-budget=5000", "--screenshot=" + fs::absolute(to).string(), address});
  if (result.status != 0 || !fs::exists(to)) {
    throw std::runtime_error(
        fmt::format("{}: {} did not take the picture (exit status {})", to.string(), chromium, result.status));
  }
}

}  // namespace

std::vector<fs::path> take_pictures(const std::vector<ResultFile>& files, const PriceList& prices,
                                    const fs::path& folder) {
  const auto charts = chart_data(files, prices);
  if (charts.empty()) throw std::runtime_error("no chart to take a picture of: no case was measured");
  const auto chromium = find_chromium();
  fs::create_directories(folder);
  const TemporaryFolder temporary;
  const auto page = temporary.path() / "page.html";
  std::ofstream(page, std::ios::binary) << render_page(files, prices);
  std::vector<fs::path> pictures;
  for (const auto& chart : charts) {
    const auto id = chart["id"].get<std::string>();
    for (std::size_t pick = 0; pick < chart["picks"].size(); ++pick) {
      const auto name = chart["picks"].size() == 1 ? id : fmt::format("{}-{}", id, pick + 1);
      pictures.push_back(folder / (name + ".png"));
      take_picture(chromium, temporary.path() / "profile",
                   fmt::format("file://{}#picture={}&pick={}", page.string(), id, pick), pictures.back());
    }
  }
  return pictures;
}

}  // namespace whygpu
