// whygpu report: writes a self-contained page, or images of its charts.
#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>

#include "benchmarks/machine/temporary_folder.h"
#include "benchmarks/runner/child_process.h"
#include "reports/charts/chart_data.h"
#include "reports/page/page.h"
#include "reports/regression/history/history.h"
#include "reports/regression/history/render_history.h"
#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/answer.h"
#include "tools/commands.h"
#include "tools/result_arguments.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;

std::string find_chromium() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}) {
    if (run_program({name, "--version"}).status == 0) return name;
  }
  throw std::runtime_error("--png needs Chromium: apt-get install chromium (or install Google Chrome)");
}

void take_picture(const std::string& chromium, const fs::path& profile, const std::string& address,
                  const fs::path& to) {
  // Chromium does not start its sandbox as root; the page is our own and loads nothing else.
  const auto result = run_program({chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                                   "--user-data-dir=" + profile.string(), "--window-size=960,640",
                                   "--force-device-scale-factor=2", "--run-all-compositor-stages-before-draw",
                                   "--virtual-time-budget=5000", "--screenshot=" + fs::absolute(to).string(), address});
  if (result.status != 0 || !fs::exists(to)) {
    throw std::runtime_error(
        fmt::format("{}: {} did not write the image (exit status {})", to.string(), chromium, result.status));
  }
}

// Writes CHART.png, or CHART-N.png for selection N of a chart, and returns the paths. Throws std::runtime_error if
// Chromium is missing, naming the package, or if the files have no chart.
std::vector<fs::path> take_pictures(const std::vector<ResultFile>& files, const PriceList& prices,
                                    std::span<const CatalogueDevice> cards, const fs::path& folder) {
  const auto charts = chart_data(files, prices, cards);
  if (charts.empty()) throw std::runtime_error("no chart to draw: no case was measured");
  const auto chromium = find_chromium();
  fs::create_directories(folder);
  const TemporaryFolder temporary;
  const auto page = temporary.path() / "page.html";
  std::ofstream(page, std::ios::binary) << render_page(files, prices, "", cards);
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

void write_file(const fs::path& path, const std::string& text) {
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(path.string() + ": cannot be written");
}

std::string history_section(const std::string& file) {
  constexpr double kSmallestChange = 0.01;
  if (file.empty()) return {};
  const History history = open_history(file, History::Access::existing);
  const auto all = history.series();
  return render_history_html(all, find_changes(all, history.acceptances(), kSmallestChange));
}

// The headline, and the sentences about cards.
void print_answer(const std::vector<ResultFile>& files, const Answer& found, std::size_t cards) {
  fmt::print("{}: {}\n", join(file_names(files), ", "), found.headline);
  const auto shown = std::min(found.details.size(), cards * files.size());
  for (std::size_t i = 0; i < shown; ++i) fmt::print("- {}\n", found.details[i]);
}

}  // namespace

void add_report_command(CLI::App& app, int& exit_code) {
  struct Arguments : ResultArguments {
    std::string output;
    std::string pictures;
    std::string history;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command =
      app.add_subcommand("report", "Write a self-contained page with the answer, charts, tables and their sources");
  command->footer(
      "Examples:\n"
      "  whygpu report results/quick.json -o report.html\n"
      "  whygpu report cpu.json gpu.json -o report.html\n"
      "  whygpu report results/quick.json --png pictures");
  add_result_arguments(*command, *arguments);
  add_card_option(*command, *arguments, "--project");
  auto* output =
      command->add_option("-o,--output", arguments->output, "output page (default: the first file's name with .html)");
  command->add_option("--png", arguments->pictures, "folder for PNG images of the charts (needs Chromium)")
      ->excludes(output);
  command->add_option("--history", arguments->history,
                      "history (whygpu history), a file or postgresql://…, shown in a separate section");
  command->callback([arguments, &exit_code] {
    const auto files = load(*arguments);
    const auto prices = known_prices(*arguments, files);
    const auto cards = cards_to_project(*arguments, files);
    exit_code = 0;
    if (!arguments->pictures.empty()) {
      for (const auto& picture : take_pictures(files, prices, cards, arguments->pictures))
        fmt::print("{}\n", picture.string());
      return;
    }
    fs::path path = arguments->output;
    if (path.empty()) path = fs::path(arguments->paths.front()).replace_extension(".html");
    for (const auto& input : arguments->paths) {
      std::error_code missing;
      if (fs::equivalent(input, path, missing)) {
        throw std::runtime_error(path.string() + " is one of the input files: choose another name for the page");
      }
    }
    write_file(path, render_page(files, prices, history_section(arguments->history), cards));
    print_answer(files, answer(files, prices, cards), cards.size());
    fmt::print("{}\n", path.string());
  });
}

}  // namespace whygpu
