// Selects the cases of a run from the arguments of a command line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"
#include "reports/results/network_records.h"

namespace whygpu {

// Each word is the name or file of a sweep, or starts a case that continues with words of the form key=value:
// `quick`, `my.sweep`, `gemm m=512 n=512 k=512`. Throws CaseError.
std::vector<Case> cases_from_words(const std::vector<std::string>& words);

// Each case on each backend; a case that names its backend is kept as is, or dropped if that backend is not listed.
std::vector<Case> cross(const std::vector<Case>& cases, const std::vector<std::string>& backends);

// The cases whose key `model` is one of `models`; all if that is empty. Throws CaseError if none is left.
std::vector<Case> with_models(std::vector<Case> cases, const std::vector<std::string>& models);

// About `seconds` of work: as many problems, spread over the sweep, as allow six rounds of small cases, and
// one round of large ones in half of it.
std::vector<Case> quick_subset(const std::vector<Case>& cases, std::size_t backends, double seconds);

// Erases the cases of backends that support nothing of their workload, for runs where no backends were requested.
// `offers_nothing` is called once per pair of backend and workload.
void drop_unoffered(std::vector<Case>& cases,
                    const std::function<bool(const std::string& backend, const std::string& workload)>& offers_nothing);

// Erases the hot or the cold cases of networks where the time on that backend's device is composed from the others.
// `cache_bytes` is called with the name of the backend.
void keep_needed_modes(std::vector<Case>& cases, const std::vector<NetworkRecord>& networks,
                       const std::function<double(const std::string& backend)>& cache_bytes);

}  // namespace whygpu
