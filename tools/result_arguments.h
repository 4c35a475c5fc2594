// Arguments that every command takes which reads result files.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "reports/crossover.h"
#include "reports/result_file.h"

namespace whygpu {

struct ResultArguments {
  std::vector<std::string> paths;
  std::vector<std::string> prices;      // DEVICE=USD
  std::vector<std::string> catalogues;  // further devices
};

void add_result_arguments(CLI::App& command, ResultArguments& arguments);

// Throws ResultFileError.
std::vector<ResultFile> load(const ResultArguments& arguments);

// What the devices of the files cost: as the user says, else as the catalogue says, else unknown. Throws
// std::invalid_argument on a price that is no DEVICE=USD or names a device that no file has.
DevicePrices known_prices(const ResultArguments& arguments, const std::vector<ResultFile>& files);

}  // namespace whygpu
