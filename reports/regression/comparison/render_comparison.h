// A comparison as text, for people and for other programs.
#pragma once

#include <string>

#include "reports/regression/gate/comparison.h"

namespace whygpu {

// One file each.
std::string render_comparison_terminal(const Comparison& comparison, bool colour);
std::string render_comparison_markdown(const Comparison& comparison);  // for a pull request; unchanged cases are folded
std::string render_comparison_annotations(const Comparison& comparison);  // GitHub workflow commands
std::string render_comparison_junit(const Comparison& comparison);        // JUnit XML
std::string render_comparison_bmf(const Comparison& comparison);          // Bencher Metric Format, with intervals

}  // namespace whygpu
