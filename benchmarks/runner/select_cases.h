// From the words of a command line to the cases of a run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"

namespace whygpu {

// Each word is a sweep's name or file, or begins a case that goes on while words have the form key=value:
// `quick`, `my.sweep`, `gemm m=512 n=512 k=512`. Throws CaseError.
std::vector<Case> cases_from_words(const std::vector<std::string>& words);

// Each case on each backend; a case that names its backend stays as it is, and is dropped if that is not among them.
std::vector<Case> cross(const std::vector<Case>& cases, const std::vector<std::string>& backends);

// Those cases whose key `model` is one of `models`; all where that is empty. Throws CaseError when none is left.
std::vector<Case> with_models(std::vector<Case> cases, const std::vector<std::string>& models);

// About `seconds` of work: as many problems, spread over the sweep, as leave time for six rounds of small cases, and
// for one round of large ones in half of it.
std::vector<Case> quick_subset(const std::vector<Case>& cases, std::size_t backends, double seconds);

// Erases the cases of backends that have nothing of their workload: where nobody named backends, those are no news.
// `offers_nothing` is asked once a pair of backend and workload.
void drop_unoffered(std::vector<Case>& cases,
                    const std::function<bool(const std::string& backend, const std::string& workload)>& offers_nothing);

}  // namespace whygpu
