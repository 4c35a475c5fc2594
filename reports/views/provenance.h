// Where the numbers of a table come from: the machine, what actually ran, and what made the comparison unfair.
#pragma once

#include <string>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// "published by others: https://example.org, 2017-06-28 (deepbench); not measured here, answers not checked by this
// program". The file must be imported.
std::string describe_import(const ResultFile& file);

// "box: AMD EPYC, 8 of 16 CPUs, Debian 12; 7 rounds, 8 threads, 2026-01-02T03:04:05Z", and a line when interrupted. Of
// an imported file its devices and describe_import().
std::vector<std::string> describe_machine(const ResultFile& file, const std::string& name);

// One line per backend: version, device, implementations with the number of cases that they ran.
std::vector<std::string> describe_backends(const ResultFile& file);

// One line per finding that makes the comparison unfair, per disturbance, and per ceiling that cases exceed.
std::vector<std::string> describe_findings(const ResultFile& file);

// The heading of every table: machine and findings of each file.
std::vector<std::string> describe_files(const std::vector<ResultFile>& files, const std::vector<std::string>& names);

}  // namespace whygpu
