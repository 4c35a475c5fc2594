// whygpu report: one self-contained page, or pictures of its charts.
#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <stdexcept>

#include "reports/page/page.h"
#include "reports/regression/history/history.h"
#include "reports/regression/history/history_html.h"
#include "reports/views/answer.h"
#include "tools/commands.h"
#include "tools/pictures.h"
#include "tools/result_arguments.h"

namespace whygpu {
namespace {

void write_file(const std::filesystem::path& path, const std::string& text) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(path.string() + ": cannot be written");
}

std::string history_section(const std::string& file) {
  constexpr double kSmallestChange = 0.01;
  if (file.empty()) return {};
  const History history(file, History::Access::existing);
  const auto all = history.series();
  return render_history_html(all, find_changes(all, history.acceptances(), kSmallestChange));
}

}  // namespace

void add_report_command(CLI::App& app, int& exit_code) {
  struct Arguments : ResultArguments {
    std::string output;
    std::string pictures;
    std::string history;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("report", "One self-contained page: the answer, charts, tables and their sources");
  command->footer(
      "Examples:\n"
      "  whygpu report results/quick.json -o report.html\n"
      "  whygpu report cpu.json gpu.json -o report.html\n"
      "  whygpu report results/quick.json --png pictures");
  add_result_arguments(*command, *arguments);
  auto* output =
      command->add_option("-o,--output", arguments->output, "the page; default: the first file's name with .html");
  command->add_option("--png", arguments->pictures, "a folder for pictures of the charts (needs Chromium)")
      ->excludes(output);
  command->add_option("--history", arguments->history, "a history (whygpu history) for a section of its own");
  command->callback([arguments, &exit_code] {
    const auto files = load(*arguments);
    const auto prices = known_prices(*arguments, files);
    exit_code = 0;
    if (!arguments->pictures.empty()) {
      for (const auto& picture : take_pictures(files, prices, arguments->pictures))
        fmt::print("{}\n", picture.string());
      return;
    }
    std::filesystem::path path = arguments->output;
    if (path.empty()) path = std::filesystem::path(arguments->paths.front()).replace_extension(".html");
    for (const auto& input : arguments->paths) {
      std::error_code missing;
      if (std::filesystem::equivalent(input, path, missing)) {
        throw std::runtime_error(path.string() + " is one of the result files: choose another name for the page");
      }
    }
    write_file(path, render_page(files, prices, history_section(arguments->history)));
    for (const auto& file : files) fmt::print("{}: {}\n", file.name, answer(file, prices).headline);
    fmt::print("{}\n", path.string());
  });
}

}  // namespace whygpu
