// Series of several hosts of a kind, joined into one.
//
// Hosts of a kind run the same code on the same processor, and on the same accelerator where the case's backend uses
// one. They still differ a little in the size of a step (memory placement, neighbours, cooling), so that all pairs of a
// step are not one sample. Its estimate is that of a random-effects model: each host gives one estimate from its own
// pairs, with a variance from their scatter, and between the hosts there is a further variance, estimated by the
// moments of all steps of the series that several hosts measured (DerSimonian and Laird, Meta-analysis in clinical
// trials, 1986).
#pragma once

#include <string>
#include <vector>

#include "reports/regression/history/history.h"

namespace whygpu {

// CPU model and instruction sets, and the accelerator of the case's backend. The fingerprint of the machine where a
// comparison does not say: such a machine is one of a kind.
std::string machine_kind(const Comparison& comparison, const std::string& text);

// Where the comparison was measured, as exactly as it says.
std::string host_of(const Comparison& comparison);

// One series of `hosts`, at least one, which have the same key. Links that several share become one.
Series join_hosts(std::vector<Series> hosts);

struct StepEstimate {
  double step = 0;   // ln of the head's time over the base's
  double error = 0;  // standard error; 0 for identical code
};
StepEstimate estimate_step(const Link& link, double host_variance);

}  // namespace whygpu
