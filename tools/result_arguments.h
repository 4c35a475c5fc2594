// Arguments that every command takes which reads result files.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/catalogue/costs.h"
#include "reports/results/result_file.h"

namespace whygpu {

struct ResultArguments {
  std::vector<std::string> paths;
  std::vector<std::string> prices;      // DEVICE=USD
  std::vector<std::string> rents;       // USD or DEVICE=USD
  std::optional<double> kwh;            // USD
  std::vector<std::string> catalogues;  // further devices
};

void add_result_arguments(CLI::App& command, ResultArguments& arguments);

// Throws ResultFileError.
std::vector<ResultFile> load(const ResultArguments& arguments);

// What the devices of the files cost: as the user says, else as the catalogue says, else unknown. Rent and the price of
// power are only what the user says. Throws std::invalid_argument on an amount that is none above 0, or that is for a
// device that no file has.
PriceList known_prices(const ResultArguments& arguments, const std::vector<ResultFile>& files);

}  // namespace whygpu
