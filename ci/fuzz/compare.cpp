// `whygpu compare`: two result files with an empty line between them, and the comparison in every form.
#include "reports/regression/comparison/compare_files.h"

#include "ci/fuzz/fuzz.h"
#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/comparison/render_comparison.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

// Names in result files must not control a terminal.
void expect_plain(const std::string& text) {
  const auto controls = [](unsigned char c) { return (c < ' ' && c != '\n') || c == 127; };
  expect(std::ranges::none_of(text, controls), "no control characters in " + text);
}

void compare(const ResultFile& base, const ResultFile& head) {
  for (const auto& difference : environment_differences(base, head)) expect_plain(printable(difference));
  const auto comparison = compare_files(base, head, {.across_machines = true});
  expect_plain(render_comparison_terminal(comparison, false));
  expect_plain(render_comparison_markdown(comparison));
  expect_plain(render_comparison_annotations(comparison));
  expect_plain(render_comparison_junit(comparison));
  render_comparison_bmf(comparison);
  const std::string written = to_json(comparison).dump();
  expect(to_json(parse_comparisons(written, "fuzz.json").at(0)).dump() == written,
         "a written comparison is read as the same");
}

}  // namespace
}  // namespace whygpu

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  const std::string text = text_of(bytes, size);
  const auto split = std::min(text.find("\n\n"), text.size());
  try {
    const auto base = parse_result_file(text.substr(0, split), "base.json");
    compare(base, split == text.size() ? base : parse_result_file(text.substr(split), "head.json"));
  } catch (const std::runtime_error&) {  // an invalid file, or no case in both
  }
  return 0;
}
