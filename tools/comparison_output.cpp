#include "tools/comparison_output.h"

#include <fmt/format.h>

#include "benchmarks/runner/output_file.h"
#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/comparison/render_comparison.h"
#include "tools/terminal.h"

namespace whygpu {

void add_output_options(CLI::App& command, ComparisonOutput& output) {
  command.add_option("--json", output.json,
                     "JSON file with all results and samples, the input of `whygpu history add`");
  command.add_option("--markdown", output.markdown, "Markdown file for a pull request comment");
  command.add_option("--junit", output.junit, "JUnit file for a CI system's test report");
  command.add_option("--bmf", output.bmf, "file in Bencher Metric Format, with intervals");
  command.add_flag("--annotations", output.annotations, "also print GitHub annotations");
}

void refuse_unwritable(const ComparisonOutput& output) {
  for (const auto& [option, file] : {std::pair("--json", &output.json), std::pair("--markdown", &output.markdown),
                                     std::pair("--junit", &output.junit), std::pair("--bmf", &output.bmf)}) {
    if (!file->empty()) refuse_unwritable(option, *file);
  }
}

void write_comparison(const Comparison& comparison, const ComparisonOutput& output) {
  fmt::print("{}", render_comparison_terminal(comparison, use_colour(stdout)));
  if (output.annotations) fmt::print("{}", render_comparison_annotations(comparison));
  const auto write = [](const std::string& file, const std::string& text) {
    if (!file.empty()) write_atomically(file, text);
  };
  write(output.json, to_json(comparison).dump() + "\n");
  write(output.markdown, render_comparison_markdown(comparison));
  write(output.junit, render_comparison_junit(comparison));
  write(output.bmf, render_comparison_bmf(comparison));
}

}  // namespace whygpu
